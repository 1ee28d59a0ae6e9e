"""Rows of the database as this service reads them; also what the API answers with."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from tisktask_common.lifecycle import JobKind, JobState, RunState


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
    parent_job_id: str | None = None
    created_at: datetime
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


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


class RunnerRecord(Record):
    """One runner process on a host."""

    runner: str
    replica: str
    pool: str
    slots: int
    busy: int | None = None
    is_draining: bool = False
    version: str | None = None
    engine: str | None = None
    last_seen_at: datetime
    is_alive: bool


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
