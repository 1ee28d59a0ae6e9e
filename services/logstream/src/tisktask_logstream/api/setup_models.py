"""What setting a repository up is asked with, and answers."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from tisktask_common.setup_requests import Administrable, Arrival, Right
from tisktask_logstream.api.models import Strict
from tisktask_logstream.rows import Record

_URL_CHARS_MAX = 2000


def check_address(value: str) -> str:
    """Refuse what is no address, or holds a password."""
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    if "@" in value.partition("://")[2].partition("/")[0]:
        raise ValueError("a token or password does not belong in the address: give it as `token`")
    return value


class RecogniseOrder(Strict):
    """An address to find out the forge of."""

    root_url: str = Field(min_length=1, max_length=_URL_CHARS_MAX, description="of the forge, with its path")
    token: SecretStr | None = Field(
        default=None, max_length=10_000, description="for a forge that tells nothing without"
    )

    _checked = field_validator("root_url")(check_address)


class RecognisedAnswer(Record):
    """What kind of forge it is; if that can not be told, why."""

    forge: str = Field(description="github, forgejo or gitea; empty: see problem")
    api_url: str
    version: str
    problem: str


class ListOrder(Strict):
    """Whose repositories to list."""

    forge: Literal["github", "forgejo", "gitea"]
    api_url: str = Field(min_length=1, max_length=_URL_CHARS_MAX)
    owner: str = Field(min_length=1, max_length=200, description="a person or an organisation")
    token: SecretStr = Field(max_length=10_000)
    page: int = Field(default=1, ge=1, le=1000)

    _checked = field_validator("api_url")(check_address)


class AdministrableList(Record):
    """A page of the owner's repositories that the token sees."""

    items: list[Administrable]
    next_page: int | None
    problem: str


class RightsAnswer(Record):
    """What the repository's token may do at the forge."""

    rights: list[Right]
    full_name: str = Field(description="what the forge calls the repository")
    is_empty: bool
    is_archived: bool
    is_app: bool = Field(description="a GitHub App speaks for us, whose webhook is set up on its own page")
    clock_seconds: float | None = Field(description="how far the forge's clock is ahead of the reporter's")
    problem: str


class HookOrder(Strict):
    """How the webhook is to be."""

    webhook_url: str = Field(
        default="", max_length=_URL_CHARS_MAX, description="where the forge reaches ingest: https://ci.example.org"
    )
    fallback_url: str = Field(
        default="", max_length=_URL_CHARS_MAX, description="the same, if nobody has said it anywhere"
    )
    renew_secret: bool = Field(default=False, description="tell the forge the secret, whatever it knows")

    _checked = field_validator("webhook_url", "fallback_url")(check_address)


class HookAnswer(Record):
    """The webhook as it is now."""

    hook_id: int | None
    url: str
    is_new: bool
    repaired: list[str] = Field(description="what was wrong with it, in sentences")
    problem: str


class TrialOrder(Strict):
    """How long to wait for a test delivery."""

    wait_seconds: float = Field(default=15, ge=0, le=60)


class TrialAnswer(Record):
    """What became of a test delivery."""

    arrival: Arrival
    url: str
    waited_seconds: float
    last_answer: str = Field(description="what the forge says of its last delivery (GitHub)")
    problem: str
    advice: str = Field(description="what to do if it did not arrive")


class RotationAnswer(Record):
    """How far the exchange of the secret is."""

    is_told: bool = Field(description="the forge knows the new secret; false: it will be told, see problem")
    problem: str


class FindingState(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Finding(Record):
    """One thing that was looked at."""

    name: str
    state: FindingState
    detail: str
    advice: str = ""


class Checkup(Record):
    """What is right and what is wrong with a repository's setup; nothing was changed."""

    items: list[Finding]
    is_well: bool = Field(description="nothing is a problem")
