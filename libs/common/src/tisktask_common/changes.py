"""What events and requests are about: repositories, commits, and what a run is given. Part of the public events."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from tisktask_common.ids import RepositoryId


class Value(BaseModel):
    """A frozen value that ignores fields it does not know: services of two versions live side by side."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)


class Repository(Value):
    """Which repository an event is about."""

    id: RepositoryId
    forge: str = Field(description="github, forgejo, gitea or local")
    full_name: str = Field(description="owner/name as the forge shows it")


class Change(Value):
    """The commit and the circumstances that a trigger is about."""

    event: str = Field(description="folder name below .tisktask/: push, tag, pull_request, ...")
    action: str | None = Field(default=None, description="opened, synchronize, reopened, ...; null if there is none")
    sha: str = Field(description="the commit, 40 or 64 hexadecimal digits; empty in trigger.received: it is looked up")
    ref: str = Field(description="full name of the ref: refs/heads/main")
    fetch_ref: str | None = Field(default=None, description="ref to fetch where the sha can not be fetched itself")
    branch: str | None = None
    tag: str | None = None
    base_sha: str | None = Field(default=None, description="what the change is to be compared with")
    base_branch: str | None = Field(default=None, description="target branch of a pull request")
    pull_request: int | None = None
    actor: str = Field(default="", description="login of who caused it")
    title: str = Field(default="", description="first line of the commit message or the pull request's title")
    is_fork: bool = Field(default=False, description="the commit comes from outside the repository's writers")
    is_draft: bool = False
    labels: list[str] = Field(default_factory=list[str], description="of the pull request, as they are now")
    is_merged: bool = Field(default=False, description="the pull request was merged")
    is_forced: bool = Field(default=False, description="a push that threw commits away, where the forge says so")
    default_branch: str | None = Field(default=None, description="of the repository, as the forge says")
    command: str = Field(default="", description="first line of the comment that gave the command: /deploy staging")


class RerunAsked(Value):
    """Somebody has pressed a forge's button to run a commit's checks again."""

    check: str = Field(default="", description="the forge's name of the one check; empty: all of the commit")
    external_id: str = Field(default="", description="what Tisktask has called that check")


class Given(Value):
    """What a run is given besides its change."""

    inputs: dict[str, str] = Field(default_factory=dict[str, str], description="by whoever wanted the run; no secrets")
    schedule: str = Field(default="", description="name of the schedule that wanted the run; empty: none did")
    scheduled_at: datetime | None = Field(default=None, description="when the schedule was due")
