"""Rows of the database as this service reads them; also what the API answers with."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from tisktask_common.approvals import ForkPolicy
from tisktask_common.job_requests import Level
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_common.starts import Overlap, StartState


class Record(BaseModel):
    """A frozen row; columns of a newer orchestrator are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)


class RunRecord(Record):
    """A run, without its jobs."""

    id: str
    number: int = Field(description="counts the runs of the repository from 1")
    repository_id: str
    forge: str
    repository: str = Field(description="owner/name")
    event: str
    action: str | None = None
    sha: str
    ref: str = ""
    branch: str | None = None
    tag: str | None = None
    pull_request: int | None = None
    actor: str | None = None
    title: str | None = Field(default=None, description="first line of the commit message or the pull request's title")
    trigger_id: str | None = None
    delivery: str | None = None
    state: RunState
    reason: str | None = None
    warnings: list[str] = Field(default_factory=list[str])
    revision: int = Field(description="grows with every change of the run or one of its jobs")
    cancel_requested_at: datetime | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rerun_of: str | None = Field(default=None, description="the run that it repeats, whole or in part")
    rerun_of_number: int | None = Field(default=None, description="that run's number")


class StatusProblem(Record):
    """A status of a run that its forge does not show."""

    context: str = Field(description="the status's name at the forge")
    state: str = Field(description="what was to be shown")
    outcome: str = Field(description="waiting (it is tried again), given_up or closed")
    error: str = Field(description="why, with the forge's own words")


class Rerun(Record):
    """A run that repeats another."""

    run_id: str
    number: int


class JobRecord(Record):
    """A job in its newest attempt."""

    id: str
    run_id: str
    kind: JobKind
    name: str
    path: str | None = None
    state: JobState
    reason: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    attempt: int
    runner: str | None = None
    parent_job_id: str | None = Field(default=None, description="the job that has started it")
    created_at: datetime
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    title: str = Field(default="", description="what it calls itself, if not by its name")
    status_text: str = Field(default="", description="what it says it is doing")
    summary: str | None = Field(default="", description="Markdown; null: left out here, ask for the job itself")
    result: JobState | None = Field(
        default=None, description="the worst end among itself and the jobs it has started; null: not all have ended"
    )
    labels: list[str] = Field(default_factory=list[str], description="what its runner must offer")
    has_status: bool = Field(default=True, description="the forge shows a status of its own")
    may_fail: bool = Field(default=False, description="its end does not decide about the run's")
    is_detached: bool = Field(default=False, description="it is not part of its parent's result")
    arguments: list[str] = Field(default_factory=list[str])
    shell: str | None = Field(default=None, description="the command line that it runs, instead of `path`")
    carried_from: str | None = Field(
        default=None, description="the job of an earlier run whose end and log these are; null: it belongs to its run"
    )
    carried_from_run: str | None = Field(default=None, description="the run of that job")


class AnnotationRecord(Record):
    """A remark that a job has made."""

    id: int
    job_id: str
    attempt: int
    level: Level
    file: str | None = None
    line: int | None = None
    text: str = Field(description="Markdown")
    created_at: datetime


class AttemptRecord(Record):
    """One attempt of a job."""

    attempt: int
    runner: str | None = None
    state: str
    reason: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool | None = None
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class RetriesRecord(Record):
    """When a job is tried again: what its program's header comment says, or who has started it."""

    retries: int = Field(description="more attempts at most")
    on_lost: bool = Field(description="also when its host is lost after it began")
    on_codes: list[int] = Field(description="after these exit codes; none, and not on_lost: after every failure")
    used: int = Field(description="attempts that were made so")
    next_not_before: datetime | None = Field(
        default=None, description="when the attempt that waits begins at the earliest, or the newest one did"
    )


class RepositoryRecord(Record):
    """A repository whose triggers are taken."""

    id: str
    forge: str
    full_name: str
    clone_url: str
    api_url: str | None = None
    has_token: bool = False
    has_webhook_secret: bool = False
    created_at: datetime
    supersede_pull_requests: bool = Field(
        default=True, description="a new commit cancels older runs of its pull request"
    )
    supersede_branches: bool = Field(default=False, description="a push cancels older runs of its branch")
    jobs_max: int | None = Field(default=None, description="jobs at work at once; null: no limit")
    priority: int = Field(default=0, description="-10 to 10: jobs of a higher one are started first")
    keep_days: int | None = Field(
        default=None, description="runs are kept so long after their end; 0: for ever; null: as the settings say"
    )
    keep_min: int | None = Field(default=None, description="newest runs that are kept; null: as the settings say")
    keep_max: int | None = Field(default=None, description="runs at most; 0: no limit; null: as the settings say")
    app_id: str | None = Field(default=None, description="the GitHub App that reports its runs; null: the token does")
    has_comment: bool = Field(default=False, description="pull requests have a comment that is kept up to date")
    forks: ForkPolicy = Field(default=ForkPolicy.ASK, description="what becomes of runs by those who may not write")
    reconcile: bool = Field(default=True, description="what no webhook told of is looked for and run")
    looked_at: datetime | None = Field(default=None, description="when its branches and tags were seen; null: never")
    look_problems: list[str] = Field(
        default_factory=list[str], description="why it can not be looked at, or only in part, in sentences"
    )


class Given(Record):
    """What a run is given besides its change."""

    inputs: dict[str, str] = Field(default_factory=dict[str, str], description="by whoever wanted the run; no secrets")
    schedule: str = Field(default="", description="name of the schedule that wanted the run; empty: none did")
    scheduled_at: datetime | None = Field(default=None, description="when the schedule was due")


class StartRecord(Given):
    """A run that was asked for, or that a schedule wants: it begins when its commit is known."""

    id: str
    repository_id: str
    repository: str = Field(description="owner/name")
    event: str
    action: str | None = None
    ref: str | None = Field(default=None, description="as it was asked for; null: the default branch")
    sha: str | None = Field(default=None, description="if a commit was asked for")
    actor: str = ""
    state: StartState
    reason: str = Field(default="", description="why it failed, or what went wrong so far")
    run_id: str | None = Field(default=None, description="the run that it has become")
    run_number: int | None = None
    run_state: RunState | None = None
    wanted_at: datetime
    ended_at: datetime | None = Field(default=None, description="when it had become a run, or failed")


class ScheduleRecord(Record):
    """A schedule of a repository, and what became of it last."""

    id: str
    repository_id: str
    name: str
    cron: str
    time_zone: str
    ref: str | None = Field(default=None, description="null: the default branch")
    inputs: dict[str, str] = Field(default_factory=dict[str, str])
    overlap: Overlap = Field(description="what happens if it is due while its last run is at work")
    is_paused: bool
    next_at: datetime | None = Field(default=None, description="null: it is paused")
    last_due_at: datetime | None = Field(default=None, description="the newest time that has passed")
    skipped: str = Field(default="", description="why the newest time was left out; empty: it was not")
    created_at: datetime
    last_start_id: str | None = None
    last_start_state: StartState | None = None
    last_start_reason: str | None = None
    last_run_id: str | None = None
    last_run_number: int | None = None
    last_run_state: RunState | None = None


class RunnerRecord(Record):
    """One runner process on a host."""

    runner: str
    replica: str
    pool: str
    slots: int
    busy: int | None = None
    is_draining: bool = Field(default=False, description="takes no new jobs: it is about to end, or paused")
    is_paused: bool = Field(default=False, description="a person has told it to take no new jobs")
    is_drained: bool = Field(default=False, description="it is paused, and nothing runs there any more")
    version: str | None = None
    engine: str | None = None
    last_seen_at: datetime
    is_alive: bool
    labels: list[str] = Field(default_factory=list[str], description="what its host offers besides the pool")
    waiting: int = Field(default=0, description="jobs that wait for others and lend their slot meanwhile")
    problem: str = Field(default="", description="why it takes no work, in a sentence; empty: all is well")


@dataclass(frozen=True)
class LogFigures:
    """How far a stored log has come; `gaps` counts places where bytes never came."""

    lines: int
    bytes: int
    gaps: int
    is_complete: bool
    is_truncated: bool


class AttemptEnd(Record):
    """Whether more is to be expected of an attempt's log."""

    is_over: bool
    was_claimed: bool
    seconds_ago: float | None = None
