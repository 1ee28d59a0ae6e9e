"""Statements about schedules."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, ScheduleId
from tisktask_orchestrator.store.rows import IdRow, TotalRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


@dataclass(frozen=True)
class ScheduleRow:
    """A schedule of a repository."""

    id: ScheduleId
    repository_id: RepositoryId
    name: str
    cron: str
    time_zone: str
    ref: str | None
    inputs: dict[str, str]
    overlap: str
    is_paused: bool
    next_at: datetime | None
    last_due_at: datetime | None


async def insert_schedule(connection: Connection, new: ScheduleRow) -> ScheduleRow | None:
    values = vars(new) | {"inputs": Jsonb(new.inputs)}
    return await fetch_one(connection, ScheduleRow, "insert_schedule", **values)


async def lock_schedule(connection: Connection, repository: RepositoryId, name: str) -> ScheduleRow | None:
    return await fetch_one(connection, ScheduleRow, "lock_schedule", repository_id=repository, name=name)


async def update_schedule(connection: Connection, schedule: ScheduleRow) -> None:
    await execute(connection, "update_schedule", **(vars(schedule) | {"inputs": Jsonb(schedule.inputs)}))


async def delete_schedule(connection: Connection, repository: RepositoryId, name: str) -> bool:
    return await execute(connection, "delete_schedule", repository_id=repository, name=name) > 0


async def delete_schedules(connection: Connection, repository: RepositoryId) -> int:
    return await execute(connection, "delete_schedules", repository_id=repository)


async def count_schedules(connection: Connection, repository: RepositoryId) -> int:
    return (await fetch_row(connection, TotalRow, "count_schedules", repository_id=repository)).count


async def list_due_schedules(connection: Connection, now: datetime, count: int) -> list[ScheduleRow]:
    return await fetch_all(connection, ScheduleRow, "list_due_schedules", now=now, count=count)


async def fire_schedule(
    connection: Connection, schedule: ScheduleRow, due_at: datetime, next_at: datetime | None
) -> bool:
    """Move it on; False: somebody else has, or it was changed meanwhile."""
    row = await fetch_one(
        connection,
        IdRow,
        "fire_schedule",
        id=schedule.id,
        seen_at=schedule.next_at,
        due_at=due_at,
        next_at=next_at,
    )
    return row is not None


async def note_skipped_schedule(connection: Connection, schedule: ScheduleId, why: str) -> None:
    await execute(connection, "note_skipped_schedule", id=schedule, why=why)
