"""Statements about attempts and their leases."""

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId
from tisktask_common.rpc import AttemptRef
from tisktask_orchestrator.store.rows import AttemptKey, AttemptRow, AuthorityRow, LeaseRow
from tisktask_orchestrator.store.statements import fetch_all, fetch_one


async def read_attempt(connection: Connection, job: JobId, attempt: int) -> AttemptRow | None:
    return await fetch_one(connection, AttemptRow, "read_attempt", job_id=job, attempt=attempt)


async def read_authority(connection: Connection, job: JobId, attempt: int, runner: str) -> AuthorityRow | None:
    return await fetch_one(connection, AuthorityRow, "read_authority", job_id=job, attempt=attempt, runner=runner)


async def take_lost_attempt(connection: Connection, job: JobId, attempt: int) -> AttemptRow | None:
    return await fetch_one(connection, AttemptRow, "take_lost_attempt", job_id=job, attempt=attempt)


async def extend_leases(
    connection: Connection, runner: str, held: list[AttemptRef], lease_seconds: float
) -> list[LeaseRow]:
    return await fetch_all(
        connection,
        LeaseRow,
        "extend_leases",
        runner=runner,
        jobs=[attempt.job_id for attempt in held],
        attempts=[attempt.attempt for attempt in held],
        lease_seconds=lease_seconds,
    )


async def list_lost_attempts(connection: Connection) -> list[AttemptKey]:
    return await fetch_all(connection, AttemptKey, "list_lost_attempts")


async def list_overdue_attempts(connection: Connection) -> list[AttemptKey]:
    return await fetch_all(connection, AttemptKey, "list_overdue_attempts")


async def list_ignored_stops(connection: Connection, patience_seconds: float) -> list[AttemptKey]:
    return await fetch_all(connection, AttemptKey, "list_ignored_stops", patience_seconds=patience_seconds)
