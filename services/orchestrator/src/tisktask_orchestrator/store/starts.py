"""Statements about runs that people and schedules want."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, RunId, ScheduleId, StartId
from tisktask_common.starts import StartState
from tisktask_orchestrator.store.rows import IdRow, TotalRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


@dataclass(frozen=True)
class WantedRun:
    """A run that is wanted."""

    id: StartId
    repository_id: RepositoryId
    #: Of the trigger that it becomes: unique in the repository, so that one request makes one run.
    delivery: str
    event: str
    action: str | None
    ref: str | None
    sha: str | None
    actor: str
    inputs: dict[str, str]
    schedule_id: ScheduleId | None = None
    schedule: str = ""
    scheduled_at: datetime | None = None
    #: The delivery that it is about, which does not tell its commit; None: a person or a schedule wants it.
    trigger: dict[str, Any] | None = None


@dataclass(frozen=True)
class OverdueStartRow:
    """A wanted run that has waited too long, and what went wrong at the last look at its repository."""

    id: StartId
    error: str | None


@dataclass(frozen=True)
class NamedHeadRow:
    """A ref and the commit that it stands at."""

    ref: str
    sha: str


@dataclass(frozen=True)
class UnfinishedStartRow:
    """A start of a schedule that waits, or the number of its run that has not ended."""

    state: str
    run_number: int | None


async def insert_start(connection: Connection, new: WantedRun) -> bool:
    trigger = None if new.trigger is None else Jsonb(new.trigger)
    values = vars(new) | {"inputs": Jsonb(new.inputs), "trigger": trigger}
    return await fetch_one(connection, IdRow, "insert_start", **values) is not None


async def read_start_of_delivery(connection: Connection, repository: RepositoryId, delivery: str) -> StartId | None:
    row = await fetch_one(connection, IdRow, "read_start_of_delivery", repository_id=repository, delivery=delivery)
    return row and StartId(row.id)


async def count_waiting_starts(connection: Connection, repository: RepositoryId) -> int:
    return (await fetch_row(connection, TotalRow, "count_waiting_starts", repository_id=repository)).count


async def lock_waiting_starts(connection: Connection, repository: RepositoryId, before: datetime) -> list[WantedRun]:
    return await fetch_all(connection, WantedRun, "lock_waiting_starts", repository_id=repository, before=before)


async def lock_overdue_starts(connection: Connection, seconds_max: float) -> list[OverdueStartRow]:
    return await fetch_all(connection, OverdueStartRow, "lock_overdue_starts", seconds_max=seconds_max)


async def end_start(
    connection: Connection, start: StartId, state: StartState, *, reason: str = "", run: RunId | None = None
) -> bool:
    return await fetch_one(connection, IdRow, "end_start", id=start, state=state, reason=reason, run_id=run) is not None


async def fail_starts_of_repository(connection: Connection, repository: RepositoryId, reason: str) -> int:
    return await execute(connection, "fail_starts_of_repository", repository_id=repository, reason=reason)


async def list_waiting_repositories(connection: Connection) -> list[RepositoryId]:
    return [RepositoryId(row.id) for row in await fetch_all(connection, IdRow, "list_waiting_repositories")]


async def list_named_heads(connection: Connection, repository: RepositoryId, refs: list[str]) -> dict[str, str]:
    rows = await fetch_all(connection, NamedHeadRow, "list_named_heads", repository_id=repository, refs=refs)
    return {row.ref: row.sha for row in rows}


async def list_wanted_heads(connection: Connection, repository: RepositoryId) -> list[str]:
    return [row.id for row in await fetch_all(connection, IdRow, "list_wanted_heads", repository_id=repository)]


async def read_unfinished_start(connection: Connection, schedule: ScheduleId) -> UnfinishedStartRow | None:
    return await fetch_one(connection, UnfinishedStartRow, "read_unfinished_start", schedule_id=schedule)


async def forget_starts(connection: Connection, age_seconds: float) -> int:
    return await execute(connection, "forget_starts", age_seconds=age_seconds)
