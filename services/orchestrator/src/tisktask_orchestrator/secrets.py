"""Secrets: sealed on the way to us and from us, locked under the master key at rest."""

import base64
import binascii

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.public import PrivateKey
from pydantic import SecretStr

from tisktask_common.errors import UserError
from tisktask_common.sealing import KeyPair, SealingError, Vault, seal
from tisktask_orchestrator import words

SECRET_CHARS_MAX = 4096


class Secrets:
    """Opens what is sealed for the orchestrator, keeps it locked, hands it over sealed for its reader."""

    def __init__(self, master_key: SecretStr) -> None:
        key = _parse_key(master_key)
        self._vault = Vault(key)
        # Derived, so that all replicas have the same key pair and nothing more has to be kept.
        seed = blake2b(b"tisktask sealing key", key=key, person=b"orchestrator", encoder=RawEncoder)
        self._pair = KeyPair(PrivateKey(seed))

    @property
    def public_key(self) -> str:
        return self._pair.public

    def take_in(self, field: str, sealed: str | None) -> bytes | None:
        """Lock a secret that came sealed; an error names the request's `field`."""
        if sealed is None:
            return None
        secret = self.open(sealed, words.unreadable_secret(field))
        if not 1 <= len(secret.get_secret_value()) <= SECRET_CHARS_MAX:
            raise UserError(words.wrong_secret_length(field, SECRET_CHARS_MAX))
        return self.lock(secret)

    def open(self, sealed: str, complaint: str) -> SecretStr:
        """Read what was sealed for us; what was not is answered with the complaint."""
        try:
            return self._pair.open(sealed)
        except SealingError as error:
            raise UserError(complaint) from error

    def lock(self, secret: SecretStr) -> bytes:
        return self._vault.lock(secret)

    def hand_over(self, locked: bytes | None, public_key: str) -> str | None:
        """Seal a locked secret for the owner of `public_key`."""
        return None if locked is None else seal(self._vault.unlock(locked), public_key)


def check_public_key(public_key: str) -> None:
    """Refuse a key that nothing can be sealed for, before anything depends on it."""
    try:
        seal(SecretStr(""), public_key)
    except (ValueError, TypeError, CryptoError) as error:
        raise UserError(words.wrong_public_key()) from error


def _parse_key(master_key: SecretStr) -> bytes:
    text = master_key.get_secret_value().strip()
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise UserError(words.wrong_master_key())
    return key
