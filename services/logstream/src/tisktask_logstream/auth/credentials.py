"""Checks of the admin token and of the sessions derived from it. No store: a new token ends all sessions."""

import hashlib
import hmac
import secrets

from pydantic import SecretStr

_SESSION_FORM = "v1"


class Credentials:
    """The admin token and what is signed with it."""

    def __init__(self, admin_token: SecretStr, session_seconds: int) -> None:
        token = admin_token.get_secret_value().encode()
        self._token_digest = hashlib.sha256(token).digest()
        self._session_key = hmac.digest(token, b"tisktask session", "sha256")
        self.session_seconds = session_seconds

    def is_admin(self, token: str) -> bool:
        """Compare in constant time, whatever the length."""
        digest = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        return hmac.compare_digest(digest, self._token_digest)

    def make_session(self, now: float) -> str:
        payload = f"{_SESSION_FORM}.{int(now) + self.session_seconds}.{secrets.token_hex(8)}"
        return f"{payload}.{self._sign(payload)}"

    def is_session(self, cookie: str, now: float) -> bool:
        payload, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._sign(payload).encode()):
            return False
        form, ends_at, _ = payload.split(".")
        return form == _SESSION_FORM and now < int(ends_at)

    def _sign(self, payload: str) -> str:
        return hmac.new(self._session_key, payload.encode(errors="surrogateescape"), "sha256").hexdigest()
