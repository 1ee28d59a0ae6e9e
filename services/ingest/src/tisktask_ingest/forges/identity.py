"""Which repository a payload claims to be about: read before the signature is checked, so nothing is trusted here."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasPath, BeforeValidator, Field

from tisktask_common.pull_requests import Loose
from tisktask_ingest.outcome import Identity

NAME_LENGTH_MAX = 300
_ID_MAX = 2**53


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= NAME_LENGTH_MAX else None


def _number_or_none(value: object) -> int | None:
    return value if isinstance(value, int) and 0 < value <= _ID_MAX else None


#: What helps to find the repository, and is not needed for it.
_Text = Annotated[str | None, BeforeValidator(_text_or_none)]
_Number = Annotated[int | None, BeforeValidator(_number_or_none)]


class NamedRepository(Loose):
    """How a payload names a repository."""

    full_name: str | None = None
    name: _Text = None
    id: _Number = None
    html_url: _Text = None
    owner_login: _Text = Field(default=None, validation_alias=AliasPath("owner", "login"))


class Former(Loose):
    """What a repository was called before: after a new name, or a new owner."""

    name: _Text = Field(default=None, validation_alias=AliasPath("repository", "name", "from"))
    user: _Text = Field(default=None, validation_alias=AliasPath("owner", "from", "user", "login"))
    organization: _Text = Field(default=None, validation_alias=AliasPath("owner", "from", "organization", "login"))


class Envelope(Loose):
    """What must be known before the signature can be checked."""

    repository: NamedRepository | None = None


class RenameEnvelope(Envelope):
    """A repository with a new name."""

    changes: Former | None = None


class ForkEnvelope(Loose):
    """Forgejo and Gitea name the new fork `repository`, and what was forked `forkee`."""

    repository: NamedRepository | None = Field(default=None, validation_alias="forkee")


def read_identity(event: str, body: bytes) -> Identity | None:
    """Take the repository out of a payload. Raises ValidationError for what is no JSON object."""
    if event != "repository":
        return _identify(Envelope.model_validate_json(body).repository)
    envelope = RenameEnvelope.model_validate_json(body)
    repository, former = envelope.repository, envelope.changes
    if repository is None or former is None:
        return _identify(repository)
    owner = former.user or former.organization or repository.owner_login
    name = former.name or repository.name
    return _identify(repository, f"{owner}/{name}" if owner and name else None)


def read_gitea_identity(event: str, body: bytes) -> Identity | None:
    """Take the repository out of a payload of Forgejo or Gitea."""
    if event == "fork":
        return _identify(ForkEnvelope.model_validate_json(body).repository)
    return read_identity(event, body)


def _identify(repository: NamedRepository | None, former_name: str | None = None) -> Identity | None:
    if repository is None or not repository.full_name or len(repository.full_name) > NAME_LENGTH_MAX:
        return None
    return Identity(repository.full_name, repository.id, host_of(repository.html_url or ""), former_name)


def host_of(url: str) -> str:
    """Name the host of an address, with its port; empty: there is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"{host}:{port}" if port else host
