"""One transfer by libgit2: gives credentials only to the host that they are for, and keeps limits of time and size."""

import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import pygit2
from pydantic import SecretStr
from pygit2.enums import CredentialType

#: libgit2's own limits for one connect and one read or write; they bound what the callbacks below do not see.
CONNECT_SECONDS, SOCKET_SECONDS = 15, 30
#: Forges take any user name with a token; GitHub documents this one.
TOKEN_USER = "x-access-token"  # noqa: S105 - a user name, not a password


class TransferStoppedError(Exception):
    """A limit was reached or the caller gave up: raised in libgit2's callbacks, it ends the transfer."""


class TooSlowError(TransferStoppedError):
    """The time is up."""


class TooLargeError(TransferStoppedError):
    """More bytes came than allowed."""


class TokenMissingError(Exception):
    """The forge asked for credentials and there are none."""


class TokenRefusedError(Exception):
    """The forge asked again: it does not take the credentials."""


class MovedElsewhereError(Exception):
    """A redirect led to another host."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


@dataclass(frozen=True)
class TransferLimits:
    """What one fetch may use, all its tries together."""

    seconds: float = 600
    bytes_max: int = 4 * 1024**3
    tries: int = 4
    #: Before the second try; doubles with each.
    pause_seconds: float = 1.0


@dataclass(frozen=True)
class TransferBudget:
    """The limits of one fetch, while it goes on."""

    limits: TransferLimits
    deadline: float
    #: Set by a caller that no longer wants the result.
    abandoned: threading.Event

    def check(self, received_bytes: int = 0) -> None:
        if self.abandoned.is_set():
            raise TransferStoppedError
        if time.monotonic() > self.deadline:
            raise TooSlowError
        if received_bytes > self.limits.bytes_max:
            raise TooLargeError


def set_socket_limits() -> None:
    """Set what libgit2 keeps once per process, and let it read repositories that another system user owns."""
    pygit2.settings.server_connect_timeout = CONNECT_SECONDS * 1000
    pygit2.settings.server_timeout = SOCKET_SECONDS * 1000
    # The check guards against hooks and settings that git would run; libgit2 runs none when it fetches.
    pygit2.settings.owner_validation = False


def transfer(mirror: pygit2.Repository, url: str, refspec: str, depth: int, callbacks: pygit2.RemoteCallbacks) -> None:
    """Fetch one refspec. A ref that does not exist is no error: look for what you wanted afterwards."""
    remote = mirror.remotes.create_anonymous(url)
    remote.fetch([refspec], callbacks=callbacks, depth=depth, proxy=True if url.startswith("http") else None)


class GuardedCallbacks(pygit2.RemoteCallbacks):
    """What libgit2 asks and tells during a transfer."""

    def __init__(self, url: str, token: SecretStr | None, budget: TransferBudget) -> None:
        super().__init__()
        self._origin = origin_of(url)
        self._token = token
        self._budget = budget
        self._is_token_given = False

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> pygit2.UserPass:
        _ = username_from_url, allowed_types
        # libgit2 follows a redirect to any host and asks here with the new address.
        if origin_of(url) != self._origin:
            raise MovedElsewhereError(urlsplit(url).hostname or "")
        if self._token is None:
            raise TokenMissingError
        if self._is_token_given:
            raise TokenRefusedError
        self._is_token_given = True
        return pygit2.UserPass(TOKEN_USER, self._token.get_secret_value())

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:  # noqa: FBT001 - libgit2's call
        _ = certificate
        name = host.decode(errors="replace")
        if name != self._origin[1]:
            raise MovedElsewhereError(name)
        return valid

    def sideband_progress(self, string: str) -> None:
        _ = string
        self._budget.check()

    def transfer_progress(self, stats: "pygit2.remotes.TransferProgress") -> None:
        self._budget.check(stats.received_bytes)


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Name what a token is for: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port
