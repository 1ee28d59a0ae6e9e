"""Whether a delivery was signed with one of a repository's secrets. HMAC-SHA256 over the raw bytes, nothing older."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from pydantic import SecretStr

_HEXADECIMAL = re.compile(r"(?:sha256=)?([0-9a-fA-F]{64})")


def read_signature(header: str | None) -> bytes | None:
    """Take the 32 bytes out of `sha256=<hex>` or bare `<hex>`; nothing else is a signature.

    Forgejo and Gitea send `sha256=` with nothing behind it if the webhook has no secret.
    """
    match = _HEXADECIMAL.fullmatch((header or "").strip())
    return bytes.fromhex(match.group(1)) if match else None


def find_signing(body: bytes, signature: bytes, secrets: Sequence[SecretStr]) -> int | None:
    """Say which secret has signed; None: none of them.

    Compared in constant time with every secret: during a rotation there are two.
    """
    matches = [
        # Anybody can sign with the empty key.
        bool(secret.get_secret_value())
        and hmac.compare_digest(hmac.digest(secret.get_secret_value().encode(), body, hashlib.sha256), signature)
        for secret in secrets
    ]
    return matches.index(True) if any(matches) else None


def is_authentic(body: bytes, signature: bytes, secrets: Sequence[SecretStr]) -> bool:
    """Say whether one of the secrets has signed."""
    return find_signing(body, signature, secrets) is not None
