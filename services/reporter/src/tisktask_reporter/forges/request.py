"""A request to a forge and its answer, as values: what goes over the wire and nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import quote

from pydantic import SecretStr
from yarl import URL

FieldT = TypeVar("FieldT")

USER_AGENT = "tisktask-reporter"


@dataclass(frozen=True)
class App:
    """A GitHub App, with its private key."""

    id: str
    key: SecretStr


@dataclass(frozen=True)
class Access:
    """Where a repository's forge is and what opens it."""

    forge: str
    api_url: str
    full_name: str
    #: Empty as long as an App has made none.
    token: SecretStr
    app: App | None = None
    #: Pull requests have a comment that is kept up to date.
    has_comment: bool = False

    @property
    def account(self) -> str:
        """What forges count by, as a hash that does not tell it: the token, or the App where it is installed."""
        owner = self.full_name.partition("/")[0].lower()
        who = f"app\n{self.app.id}\n{owner}" if self.app else self.token.get_secret_value()
        return hashlib.sha256(f"{_origin(self.api_url)}\n{who}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class ForgeRequest:
    """What to send. The token is added when it is sent: `Authorization: <scheme> <token>`."""

    method: str
    url: str
    headers: Mapping[str, str]
    scheme: str
    body: Mapping[str, Any] | None = None
    #: What a success is answered with.
    expected_status: int = 201
    #: What else is an answer to who asks, however it is judged otherwise.
    also_expected: frozenset[int] = frozenset()
    #: In the body, and no more to be repeated than the token: a webhook's secret.
    secret: SecretStr | None = None
    #: More of the answer is not read.
    answer_bytes_max: int = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back. Names of headers are in lower case; the message is one line and never holds the token."""

    status: int
    headers: Mapping[str, str]
    message: str = ""
    body: object = None
    #: It was given at another address than the one that was asked.
    is_moved: bool = False

    def field(self, name: str, kind: type[FieldT]) -> FieldT | None:
        """Read a field of the body; None if it is not there, or of another kind."""
        value = cast("dict[str, object]", self.body).get(name) if isinstance(self.body, dict) else None
        return value if isinstance(value, kind) else None


def _origin(api_url: str) -> str:
    try:
        return str(URL(api_url).origin())
    except ValueError:
        return api_url


def status_path(full_name: str, sha: str) -> str:
    """Name the place where all three forges take a commit's statuses.

    >>> status_path("me/it?", "ab")
    '/repos/me/it%3F/statuses/ab'
    """
    return f"{repository_path(full_name)}/statuses/{quote(sha, safe='')}"


def repository_path(full_name: str) -> str:
    owner, _, name = full_name.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"
