"""What a job asks for through its socket, as its runner passes it on. All act with that job's authority alone.

The orchestrator refuses (RefusedError) who does not hold the attempt: a fenced attempt can not change anything.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import Accepted, Program, Request

ReplyT = TypeVar("ReplyT", bound=Value)


class JobRequest(Request[ReplyT]):
    """A runner asks in the name of an attempt that it holds."""

    job_id: JobId
    attempt: int
    runner: str


class Spawned(Value):
    """A job that was added to the run, or was added before under the same key or request."""

    job_id: JobId
    name: str = Field(description="as asked for, made unique within the run")
    is_new: bool


class SpawnJob(JobRequest[Spawned]):
    """Add a job to the asking job's run."""

    subject_name = "spawn-job"
    reply_type = Spawned
    request_id: str = Field(description="the same for a request that is repeated because its answer was lost")
    key: str | None = Field(default=None, description="the same key of the same job: the same child, also much later")
    program: Program
    sealed_environment: str | None = Field(
        default=None, description="variables besides those of every job, a JSON object, sealed for the orchestrator"
    )
    labels: list[str] = Field(default_factory=list[str], description="what the runner's host must offer")
    seconds_max: int | None = Field(default=None, description="null: what every job has")
    has_status: bool = Field(default=False, description="the forge shows a status of its own")
    may_fail: bool = Field(default=False, description="its end does not decide about the run's")
    is_detached: bool = Field(default=False, description="it is not stopped with its parent, nor part of its result")


class AttemptInfo(Value):
    """One attempt of a job, for its siblings."""

    attempt: int
    state: JobState
    exit_code: int | None = None


class JobInfo(Value):
    """A job of the run, for its siblings."""

    job_id: JobId
    name: str
    path: str
    state: JobState
    exit_code: int | None = None
    reason: str = ""
    attempt: int
    runner: str | None = None
    parent_job_id: JobId | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: list[AttemptInfo] = Field(default_factory=list[AttemptInfo], description="empty: not asked for, or none")


class JobsRead(Value):
    """Some of the run's jobs, in the order asked for, or in that of their creation."""

    items: list[JobInfo]
    next_after: JobId | None = None


class ReadJobs(JobRequest[JobsRead]):
    """Read these jobs of the run, or all of its programs page by page. Unknown: NotFoundError."""

    subject_name = "read-jobs"
    reply_type = JobsRead
    targets: list[JobId] | None = Field(
        default=None, description="null: all, from `after` on; the answer has the first of them"
    )
    after: JobId | None = None
    with_attempts: bool = Field(default=False, description="with the attempts of each of the targets")


class StopOwnJob(JobRequest[Accepted]):
    """Cancel a job of the run. Its end does not count for the run's any more: the run wanted it so."""

    subject_name = "stop-own-job"
    reply_type = Accepted
    target: JobId


class EndRun(JobRequest[Accepted]):
    """End the run as cancelled or failed, and all its jobs."""

    subject_name = "end-run"
    reply_type = Accepted
    state: JobState = Field(description="cancelled or failed")
    reason: str


class DescribeJob(JobRequest[Accepted]):
    """Say something about the asking job. Null leaves as it is, an empty text takes back."""

    subject_name = "describe-job"
    reply_type = Accepted
    title: str | None = Field(default=None, description="shown instead of the name; the name itself stays")
    status_text: str | None = Field(default=None, description="shown beside its state, and beside its pending status")
    summary: str | None = Field(default=None, description="Markdown")


class Level(StrEnum):
    """How much an annotation matters."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Annotate(JobRequest[Accepted]):
    """Add a remark to the run's page."""

    subject_name = "annotate"
    reply_type = Accepted
    request_id: str
    level: Level = Level.NOTICE
    file: str | None = None
    line: int | None = None
    text: str = Field(description="Markdown")


class LockReply(Value):
    """Whether the lock is the job's now."""

    is_taken: bool
    holder: str = Field(default="", description="who has it, or is before us, in words for a person")


class TakeLock(JobRequest[LockReply]):
    """Take a lock of the repository; granted again to who holds it. Who waits asks again, and keeps its turn so."""

    subject_name = "take-lock"
    reply_type = LockReply
    name: str
    seconds_max: float | None = Field(default=None, description="it is given back after that; null: at the job's end")
    is_waiting: bool = Field(default=False, description="keep a place in the queue for it")


class ReleaseLock(JobRequest[Accepted]):
    """Give a lock back, or give up waiting for it."""

    subject_name = "release-lock"
    reply_type = Accepted
    name: str


class DataReplies(Value):
    """One reply per command, as `resp.to_json` makes them."""

    replies: list[Any]


class DataCommands(JobRequest[DataReplies]):
    """Execute commands on the run's data in one transaction, in their order. Nothing blocks: BLPOP answers null."""

    subject_name = "data-commands"
    reply_type = DataReplies
    request_id: str
    commands: list[list[str]] = Field(description="name and arguments, each in base64")
    is_divisible: bool = Field(
        default=False,
        description="what does not fit into one answer is not executed: fewer replies, the rest is asked for anew. "
        "Else a command whose reply does not fit fails",
    )


class Published(Value):
    """How many connections were subscribed."""

    receivers: int


class PublishMessage(JobRequest[Published]):
    """Say something to the subscribers of a channel of the run."""

    subject_name = "publish-message"
    reply_type = Published
    channel: str = Field(description="base64")
    message: str = Field(description="base64")


class SetSubscriptions(JobRequest[Accepted]):
    """Say which channels this attempt's connections hear now: replaces what was said before."""

    subject_name = "set-subscriptions"
    reply_type = Accepted
    connections_by_channel: dict[str, int] = Field(description="channel in base64 -> number of connections")


class LogTail(Value):
    """The end of a job's log."""

    text: str = Field(description="what is not UTF-8 is replaced")
    lines_total: int
    is_complete: bool


class ReadJobLog(JobRequest[LogTail]):
    """Read the last lines of a job of the run (answered by logstream). Unknown: NotFoundError."""

    subject_name = "read-job-log"
    reply_type = LogTail
    target: JobId
    tail: int = Field(description="lines")


class News(Value):
    """Said to a runner host when something has changed that its jobs may wait for: whoever waits asks again.

    It may get lost, so who waits also asks every few seconds.
    """

    scope: str = Field(description="id of the run; of the repository for locks")
    topics: list[str] = Field(description="jobs; key:<base64 of the key>; lock:<name>")


class ChannelMessage(Value):
    """Said to a runner host that has subscribers in the run."""

    scope: str = Field(description="id of the run")
    channel: str = Field(description="base64")
    message: str = Field(description="base64")
