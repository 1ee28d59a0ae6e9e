"""A request to a forge and its answer, as values: what goes over the wire and nothing else."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import SecretStr
from yarl import URL

USER_AGENT = "tisktask-reporter"


@dataclass(frozen=True)
class Access:
    """Where a repository's forge is and what opens it."""

    forge: str
    api_url: str
    full_name: str
    token: SecretStr

    @property
    def account(self) -> str:
        """What forges count by, without telling the token: its address and the token, as a hash."""
        return hashlib.sha256(f"{_origin(self.api_url)}\n{self.token.get_secret_value()}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class ForgeRequest:
    """What to send. The token is added when it is sent: `Authorization: <scheme> <token>`."""

    method: str
    url: str
    headers: Mapping[str, str]
    scheme: str
    body: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back. Names of headers are in lower case; the message is one line and never holds the token."""

    status: int
    headers: Mapping[str, str]
    message: str = ""
    body: object = None


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
