"""Secrets on their way between services and at rest: sealed for one reader, never in clear on the bus or on disk."""

import base64
import os
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox
from pydantic import SecretStr

from tisktask_common.errors import InfrastructureError


class SealingError(InfrastructureError):
    """A sealed secret can not be opened with this key."""

    code = "sealing"


class KeyPair:
    """The key that secrets are sealed for (X25519, libsodium's sealed boxes)."""

    def __init__(self, private: PrivateKey) -> None:
        self._private = private

    @classmethod
    def generate(cls) -> "KeyPair":
        return cls(PrivateKey.generate())

    @classmethod
    def load_or_create(cls, path: Path) -> "KeyPair":
        """Read the 32-byte key at `path`; make one (mode 0600) if there is none."""
        return cls(PrivateKey(load_or_create_key(path)))

    @property
    def public(self) -> str:
        """The public key in base64."""
        return base64.b64encode(bytes(self._private.public_key)).decode()

    def open(self, sealed: str) -> SecretStr:
        try:
            return SecretStr(SealedBox(self._private).decrypt(base64.b64decode(sealed)).decode())
        except (CryptoError, ValueError) as error:
            raise SealingError from error


def seal(secret: SecretStr, public_key: str) -> str:
    """Seal a secret for the owner of `public_key`; base64."""
    box = SealedBox(PublicKey(base64.b64decode(public_key)))
    return base64.b64encode(box.encrypt(secret.get_secret_value().encode())).decode()


class Vault:
    """Secrets at rest, under one master key (XSalsa20-Poly1305)."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(key)

    def lock(self, secret: SecretStr) -> bytes:
        return bytes(self._box.encrypt(secret.get_secret_value().encode()))

    def unlock(self, locked: bytes) -> SecretStr:
        try:
            return SecretStr(self._box.decrypt(locked).decode())
        except (CryptoError, ValueError) as error:
            raise SealingError("a stored secret can not be opened: was it stored with another master key?") from error


def load_or_create_key(path: Path) -> bytes:
    """Read a 32-byte key; make one if there is none. Two processes that start at once end with the same key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    if not path.exists():
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, os.urandom(32))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            path.hardlink_to(partial)  # fails if the other process was first: then its key counts
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise SealingError(f"{path} is not a key of 32 bytes")
    return key
