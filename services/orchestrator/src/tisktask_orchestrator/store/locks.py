"""Statements about the locks of repositories, and about who waits for them."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RepositoryId
from tisktask_orchestrator.store.rows import RunnerRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row

#: No name that a program may give has it.
_SCOPE_END = "\x1f"


@dataclass(frozen=True)
class LockKey:
    """Which lock of which repository."""

    repository_id: RepositoryId
    #: As it is stored: see `scoped_name`.
    name: str

    @property
    def plain_name(self) -> str:
        return self.name.rpartition(_SCOPE_END)[2]


def scoped_name(scope: str, name: str) -> str:
    """Keep the locks of restricted runs apart from those of the same name that trusted runs take."""
    return f"{scope}{_SCOPE_END}{name}" if scope else name


@dataclass(frozen=True)
class ClaimantRow:
    """A job that holds a lock or waits for it."""

    job_id: JobId
    job_name: str
    run_number: int
    since: datetime


@dataclass(frozen=True)
class LockCountRow:
    """How many locks a job has to do with."""

    locks: int


async def lock_lock_name(connection: Connection, lock: LockKey) -> None:
    await execute(connection, "lock_lock_name", **vars(lock))


async def drop_stale_locks(connection: Connection, lock: LockKey, patience_seconds: float) -> None:
    await execute(connection, "drop_stale_locks", **vars(lock), patience_seconds=patience_seconds)


async def read_lock(connection: Connection, lock: LockKey) -> ClaimantRow | None:
    return await fetch_one(connection, ClaimantRow, "read_lock", **vars(lock))


async def read_first_waiter(connection: Connection, lock: LockKey) -> ClaimantRow | None:
    return await fetch_one(connection, ClaimantRow, "read_first_waiter", **vars(lock))


async def count_locks_of_job(connection: Connection, job: JobId) -> int:
    return (await fetch_row(connection, LockCountRow, "count_locks_of_job", job_id=job)).locks


async def upsert_lock_waiter(connection: Connection, lock: LockKey, job: JobId, attempt: int) -> None:
    await execute(connection, "upsert_lock_waiter", **vars(lock), job_id=job, attempt=attempt)


async def delete_lock_waiter(connection: Connection, lock: LockKey, job: JobId) -> bool:
    return await execute(connection, "delete_lock_waiter", **vars(lock), job_id=job) > 0


async def upsert_lock(
    connection: Connection, lock: LockKey, job: JobId, attempt: int, seconds_max: float | None
) -> None:
    await execute(connection, "upsert_lock", **vars(lock), job_id=job, attempt=attempt, seconds_max=seconds_max)


async def delete_lock(connection: Connection, lock: LockKey, job: JobId) -> bool:
    return await execute(connection, "delete_lock", **vars(lock), job_id=job) > 0


async def list_lock_waiters(connection: Connection, lock: LockKey) -> list[str]:
    rows = await fetch_all(connection, RunnerRow, "list_lock_waiters", **vars(lock))
    return [row.runner for row in rows]


async def release_holdings(connection: Connection, job: JobId) -> list[LockKey]:
    return await fetch_all(connection, LockKey, "release_holdings", job_id=job)
