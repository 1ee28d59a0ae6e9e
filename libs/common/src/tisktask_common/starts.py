"""Runs that are wanted without a webhook: the request for one, and for all that a repository's schedules need."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import RepositoryId, StartId
from tisktask_common.rpc import Accepted, Request

MANUAL = "manual"
SCHEDULE = "schedule"


class StartState(StrEnum):
    """What has become of a wanted run."""

    #: Its commit is being looked for.
    WAITING = "waiting"
    #: It has become a run.
    STARTED = "started"
    #: It will not become one; its reason says why.
    FAILED = "failed"


class Overlap(StrEnum):
    """What happens when a schedule is due and its last run has not ended."""

    #: Nothing: the run at work goes on, and the schedule waits for the next time.
    SKIP = "skip"
    #: Another run starts beside it.
    ALLOW = "allow"


class StartMade(Value):
    """The wanted run, or the one that the same request has wanted before."""

    start_id: StartId
    is_new: bool


class StartRun(Request[StartMade]):
    """A person wants a run of a commit, or of what a branch or tag leads to now. The same request id makes one run."""

    subject_name = "start-run"
    reply_type = StartMade
    repository_id: RepositoryId
    event: str = MANUAL
    action: str | None = None
    ref: str | None = Field(default=None, description="branch, tag or full name; null: the default branch")
    sha: str | None = Field(default=None, description="null: what the ref leads to")
    inputs: dict[str, str] = Field(default_factory=dict[str, str])
    actor: str = ""
    request_id: str


class ScheduleTerms(Value):
    """What a schedule says."""

    cron: str
    time_zone: str = "UTC"
    ref: str | None = None
    inputs: dict[str, str] = Field(default_factory=dict[str, str])
    overlap: Overlap = Overlap.SKIP
    is_paused: bool = False


class ScheduleSet(Value):
    """A schedule as it is now."""

    name: str
    next_at: datetime | None = Field(description="null: it is paused")


class AddSchedule(Request[ScheduleSet]):
    """Add a schedule to a repository."""

    subject_name = "add-schedule"
    reply_type = ScheduleSet
    repository_id: RepositoryId
    name: str
    terms: ScheduleTerms


class ChangeSchedule(Request[ScheduleSet]):
    """Change a schedule; null: as before."""

    subject_name = "change-schedule"
    reply_type = ScheduleSet
    repository_id: RepositoryId
    name: str
    cron: str | None = None
    time_zone: str | None = None
    ref: str | None = Field(default=None, description="empty: the default branch")
    inputs: dict[str, str] | None = None
    overlap: Overlap | None = None
    is_paused: bool | None = None


class RemoveSchedule(Request[Accepted]):
    """Remove a schedule; its runs stay."""

    subject_name = "remove-schedule"
    reply_type = Accepted
    repository_id: RepositoryId
    name: str


class RunSchedule(Request[StartMade]):
    """Start a run of a schedule now, whatever its times. The same request id makes one run."""

    subject_name = "run-schedule"
    reply_type = StartMade
    repository_id: RepositoryId
    name: str
    request_id: str
