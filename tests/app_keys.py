"""Key pairs as GitHub makes them for Apps."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@cache
def app_keys(number: int = 1) -> tuple[str, str]:
    """Make the private and the public key (PEM) of an App; the same for the same number."""
    key = rsa.generate_private_key(65_537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private.decode(), key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
