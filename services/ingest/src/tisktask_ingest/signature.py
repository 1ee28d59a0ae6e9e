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


def is_authentic(body: bytes, signature: bytes, secrets: Sequence[SecretStr]) -> bool:
    """Compare in constant time with every secret: during a rotation there are two."""
    matches = [
        hmac.compare_digest(hmac.digest(secret.get_secret_value().encode(), body, hashlib.sha256), signature)
        for secret in secrets
        # Anybody can sign with the empty key.
        if secret.get_secret_value()
    ]
    return any(matches)
