"""All public events: what happened, in the past tense. JSON Schema and AsyncAPI are generated from here.

Fields are only ever added, with a default; consumers ignore what they do not know.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tisktask_common.changes import Change, Given, Repository, RerunAsked, Value
from tisktask_common.ids import EventId, JobId, RunId, TriggerId, new_event_id
from tisktask_common.lifecycle import JobKind, JobState, RunState

#: What events are about is imported with them.
__all__ = ["Change", "Given", "Repository", "RerunAsked", "Value"]


class Event(Value):
    """What every event carries."""

    id: EventId = Field(default_factory=new_event_id, description="unique; also the message id on the bus")
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    version: Literal[1] = 1


class TriggerReceived(Event, Given):
    """A webhook delivery was verified, reduced to what matters and stored."""

    type: Literal["trigger.received"] = "trigger.received"
    trigger_id: TriggerId
    repository: Repository
    delivery: str = Field(description="the forge's id of the delivery")
    change: Change
    payload_chunks: int = Field(default=0, description="number of messages that hold the compressed raw payload")
    payload_bytes: int = Field(default=0, description="size of the raw payload, uncompressed")
    forge_event: str = Field(default="", description="what the forge calls the event")
    happened_at: datetime | None = Field(
        default=None, description="of a comment: when it was written, as the forge says"
    )
    rerun: RerunAsked | None = Field(default=None, description="no run of its own: ended runs of the commit run again")


class RunEvent(Event):
    """What every event about a run carries."""

    run_id: RunId
    number: int = Field(description="counts the runs of the repository from 1")
    revision: int = Field(description="grows with every change of this run or one of its jobs: orders events")
    repository: Repository
    change: Change
    state: RunState


class RunCreated(RunEvent, Given):
    """A trigger has become a run."""

    type: Literal["run.created"] = "run.created"
    trigger_id: TriggerId
    rerun_of: RunId | None = Field(default=None, description="the run that this one repeats, whole or in part")
    is_restricted: bool = Field(default=False, description="by somebody who may not write: see docs/security.md")


class RunHeld(RunEvent):
    """The run waits for a person to allow it."""

    type: Literal["run.held"] = "run.held"
    reason: str = Field(description="why, in a sentence")
    jobs: list[str] = Field(description="names of the jobs that it would have")


class RunApproved(RunEvent):
    """The run was allowed; it is prepared next."""

    type: Literal["run.approved"] = "run.approved"
    approved_by: str


class RunPrepared(RunEvent):
    """The commit was fetched, the jobs are known and their images are ready."""

    type: Literal["run.prepared"] = "run.prepared"
    jobs: list[str] = Field(description="names of the jobs")
    warnings: list[str] = Field(default_factory=list)


class RunStarted(RunEvent):
    """The first job of the run was started."""

    type: Literal["run.started"] = "run.started"


class RunFinished(RunEvent):
    """The run has reached its final state."""

    type: Literal["run.finished"] = "run.finished"
    reason: str = Field(default="", description="why, in a sentence; empty if the state says it all")
    duration_seconds: float
    jobs_by_state: dict[JobState, int] = Field(default_factory=dict)
    is_refused: bool = Field(default=False, description="skipped because nobody has allowed it: nothing was tried")


class RunDeleted(RunEvent):
    """The run was deleted with all that belongs to it. There are no other events about it after this one."""

    type: Literal["run.deleted"] = "run.deleted"
    reason: str = Field(default="", description="who or what has deleted it, in a sentence")


class JobEvent(RunEvent):
    """What every event about a job carries; `state` is the run's, `job_state` the job's."""

    job_id: JobId
    name: str
    kind: JobKind
    job_state: JobState
    attempt: int
    title: str = Field(default="", description="what the job calls itself, if not by its name")
    parent_job_id: JobId | None = Field(default=None, description="the job that has started it")
    has_status: bool = Field(default=True, description="the forge is to show a status of its own")
    may_fail: bool = Field(default=False, description="its end does not decide about the run's")
    is_detached: bool = Field(default=False, description="it is not part of its parent's result")


class JobCreated(JobEvent):
    """A job was added to its run."""

    type: Literal["job.created"] = "job.created"


class JobQueued(JobEvent):
    """An attempt of the job waits for a runner."""

    type: Literal["job.queued"] = "job.queued"
    reason: str = Field(default="", description="why there is another attempt, in a sentence; empty for the first")
    delay_seconds: float = Field(default=0, description="how long it waits at least")


class JobClaimed(JobEvent):
    """A runner has taken the attempt and prepares its pod."""

    type: Literal["job.claimed"] = "job.claimed"
    runner: str


class JobStarted(JobEvent):
    """The job's program was started."""

    type: Literal["job.started"] = "job.started"
    runner: str


class JobFinished(JobEvent):
    """The job has reached its final state."""

    type: Literal["job.finished"] = "job.finished"
    exit_code: int | None = None
    signal: int | None = Field(default=None, description="number of the signal that ended the program")
    out_of_memory: bool = False
    reason: str = ""
    duration_seconds: float | None = Field(default=None, description="from the start of the program")
    is_concluded: bool = Field(default=True, description="false: what it has started goes on, or ended worse")
    carried_from: JobId | None = Field(default=None, description="the job of an earlier run whose end this is")


class JobConcluded(JobEvent):
    """The job had ended before, now so have all the jobs that it has started (and those that they have)."""

    type: Literal["job.concluded"] = "job.concluded"
    result: JobState = Field(description="the worst end among itself and those of them that count")
    reason: str = ""


class JobProgress(JobEvent):
    """The job has said what it is doing, or what it is called."""

    type: Literal["job.progress"] = "job.progress"
    status_text: str


class JobAnnotated(JobEvent):
    """The job has added a remark to its run."""

    type: Literal["job.annotated"] = "job.annotated"
    level: str = Field(description="notice, warning or error")
    file: str | None = None
    line: int | None = None
    text: str = Field(description="Markdown")


class AttemptLost(JobEvent):
    """An attempt ended without its runner's word; the job goes on with another attempt or ends."""

    type: Literal["job.attempt_lost"] = "job.attempt_lost"
    runner: str
    reason: str


class AttemptFailed(JobEvent):
    """An attempt has ended badly, and the job goes on with another, as its program asks for; job.queued follows."""

    type: Literal["job.attempt_failed"] = "job.attempt_failed"
    runner: str
    exit_code: int | None = None
    signal: int | None = Field(default=None, description="number of the signal that ended the program")
    out_of_memory: bool = False
    reason: str = ""


class ImageBuilt(RunEvent):
    """An image was built for a run."""

    type: Literal["image.built"] = "image.built"
    key: str = Field(description="content key: hash of the build file and all that it can read")
    build_file: str
    duration_seconds: float


class RunnerEvent(Event):
    """What every event about a runner host carries."""

    runner: str
    slots: int


class RunnerJoined(RunnerEvent):
    """A runner host reported for work."""

    type: Literal["runner.joined"] = "runner.joined"


class RunnerLost(RunnerEvent):
    """A runner host has been silent for longer than its lease."""

    type: Literal["runner.lost"] = "runner.lost"


class RepositoryChanged(Event):
    """A repository was added, changed or removed."""

    type: Literal["repository.changed"] = "repository.changed"
    repository: Repository
    is_removed: bool = False


AnyEvent = Annotated[
    TriggerReceived
    | RunCreated
    | RunHeld
    | RunApproved
    | RunPrepared
    | RunStarted
    | RunFinished
    | RunDeleted
    | JobCreated
    | JobQueued
    | JobClaimed
    | JobStarted
    | JobFinished
    | JobConcluded
    | JobProgress
    | JobAnnotated
    | AttemptLost
    | AttemptFailed
    | ImageBuilt
    | RunnerJoined
    | RunnerLost
    | RepositoryChanged,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
