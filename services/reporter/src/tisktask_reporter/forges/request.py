"""A request to a forge and its answer, as values: what goes over the wire and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from pydantic import SecretStr

USER_AGENT = "tisktask-reporter"


@dataclass(frozen=True)
class Access:
    """Where a repository's forge is and what opens it."""

    forge: str
    api_url: str
    full_name: str
    token: SecretStr


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


def status_path(full_name: str, sha: str) -> str:
    """Name the place where all three forges take a commit's statuses.

    >>> status_path("me/it?", "ab")
    '/repos/me/it%3F/statuses/ab'
    """
    owner, _, name = full_name.partition("/")
    return f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}/statuses/{quote(sha, safe='')}"
