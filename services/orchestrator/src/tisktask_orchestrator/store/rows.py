"""Rows as the statements of `sql/` return them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId


@dataclass(frozen=True)
class RepositoryRow:
    """A repository; its secrets are locked."""

    id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    api_url: str
    token: bytes | None
    webhook_secret: bytes | None
    removed_at: datetime | None


@dataclass(frozen=True)
class SettingsRow:
    """What was decided about a repository's runs."""

    supersede_pull_requests: bool
    supersede_branches: bool
    jobs_max: int | None
    priority: int
    reconcile: bool
    keep_days: int | None
    keep_min: int | None
    keep_max: int | None
    forks: str


@dataclass(frozen=True)
class RunRow:
    """A run and the name of its repository."""

    id: RunId
    number: int
    repository_id: RepositoryId
    trigger_id: TriggerId
    state: str
    reason: str
    change: dict[str, Any]
    revision: int
    stop_state: str | None
    stop_reason: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    is_restricted: bool
    scope: str
    approved_tree: str
    released_at: datetime | None
    forge: str
    full_name: str


@dataclass(frozen=True)
class GivenRow:
    """What the runs of a trigger are given besides their change."""

    inputs: dict[str, str]
    schedule: str
    scheduled_at: datetime | None


@dataclass(frozen=True)
class SupersededRow:
    """A run that was overtaken, and the number of the one that did."""

    run_id: RunId
    newest_number: int


@dataclass(frozen=True)
class JobRow:
    """A job in its newest attempt."""

    id: JobId
    run_id: RunId
    kind: str
    name: str
    state: str
    reason: str
    attempt: int
    runner: str | None
    stop_state: str | None
    stop_reason: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    title: str
    parent_job_id: JobId | None
    has_status: bool
    may_fail: bool
    is_detached: bool
    result: str | None
    seconds_max: int | None


@dataclass(frozen=True)
class JobPlanRow:
    """All that goes into the spec of an attempt."""

    run_id: RunId
    run_number: int
    change: dict[str, Any]
    trigger_id: TriggerId
    is_restricted: bool
    scope: str
    approved_tree: str
    job_id: JobId
    attempt: int
    kind: str
    name: str
    path: str
    build_file: str | None
    image_key: str | None
    parent_job_id: JobId | None
    image: str | None
    shell: str | None
    arguments: list[str]
    environment: bytes | None
    seconds_max: int | None
    repository_id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    api_url: str
    token: bytes | None
    delivery: str
    payload_chunks: int
    inputs: dict[str, str]
    schedule: str
    scheduled_at: datetime | None


@dataclass(frozen=True)
class AttemptRow:
    """One attempt of a job."""

    job_id: JobId
    attempt: int
    runner: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class AuthorityRow:
    """The attempt in whose name a runner asks, its job and its run."""

    job_id: JobId
    run_id: RunId
    repository_id: RepositoryId
    attempt: int
    name: str
    depth: int
    stop_state: str | None
    run_number: int
    run_stop_state: str | None
    scope: str


@dataclass(frozen=True)
class AttemptKey:
    """Which attempt of which job."""

    job_id: JobId
    attempt: int


@dataclass(frozen=True)
class LeaseRow:
    """An extended lease, and the order to stop if there is one."""

    job_id: JobId
    attempt: int
    stop_state: str | None
    stop_reason: str


@dataclass(frozen=True)
class WorkRow:
    """An attempt to put on the work stream."""

    job_id: JobId
    run_id: RunId
    attempt: int
    pool: str


@dataclass(frozen=True)
class HostRow:
    """A runner host."""

    runner: str
    slots: int


@dataclass(frozen=True)
class OutboxRow:
    """A message to publish."""

    id: int
    lane: str
    subject: str
    message_id: str
    data: bytes


@dataclass(frozen=True)
class TotalRow:
    """How many there are."""

    count: int


@dataclass(frozen=True)
class IdRow:
    """The id of a row that was touched."""

    id: str


@dataclass(frozen=True)
class RunnerRow:
    """The name of a runner host that was touched."""

    runner: str


@dataclass(frozen=True)
class TimeRow:
    """When a run was moved."""

    finished_at: datetime | None


@dataclass(frozen=True)
class StartRow:
    """When a run started."""

    started_at: datetime


@dataclass(frozen=True)
class ChangeRow:
    """A run's change, as it was completed."""

    change: dict[str, Any]


@dataclass(frozen=True)
class SlotsRow:
    """How many jobs a host runs at once."""

    slots: int


@dataclass(frozen=True)
class UnfinishedRow:
    """How many jobs have not ended, by where they are, and how many messages wait."""

    waiting: int
    dispatched: int
    starting: int
    running: int
    #: Queued, and no live host has the labels that they ask for.
    unplaceable: int
    #: Slots that waiting jobs lend.
    lent: int
    outbox: int


@dataclass(frozen=True)
class LockRow:
    """Whether a lock was free."""

    is_mine: bool
