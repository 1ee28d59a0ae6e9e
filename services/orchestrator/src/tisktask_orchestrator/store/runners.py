"""Statements about runner hosts, their replicas, and what is dispatched to them."""

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, RunId
from tisktask_common.rpc import Heartbeat
from tisktask_orchestrator.store.rows import HostRow, LockRow, RunnerRow, SlotsRow, UnfinishedRow, WorkRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


async def join_host(connection: Connection, runner: str) -> bool:
    return await fetch_one(connection, RunnerRow, "join_host", runner=runner) is not None


async def upsert_runner(connection: Connection, beat: Heartbeat, lease_seconds: float) -> None:
    await execute(
        connection,
        "upsert_runner",
        runner=beat.runner,
        replica=beat.replica,
        pool=beat.pool,
        slots=beat.slots,
        busy=len(beat.attempts),
        is_draining=beat.is_draining,
        version=beat.version,
        engine=beat.engine,
        problem=beat.problem,
        labels=beat.labels,
        waiting=min(beat.waiting, len(beat.attempts)),
        can_look=beat.can_look,
        waiting_jobs=list({held.job_id for held in beat.attempts} & set(beat.waiting_jobs)),
        lease_seconds=lease_seconds,
    )


async def count_slots(connection: Connection, runner: str) -> int:
    row = await fetch_one(connection, SlotsRow, "count_slots", runner=runner)
    return row.slots if row else 0


async def lose_hosts(connection: Connection) -> list[HostRow]:
    return await fetch_all(connection, HostRow, "lose_hosts")


async def forget_runners(connection: Connection) -> int:
    return await execute(connection, "forget_runners")


async def lock_dispatch(connection: Connection) -> None:
    await execute(connection, "lock_dispatch")


async def try_lock_dispatch(connection: Connection) -> bool:
    return (await fetch_row(connection, LockRow, "try_lock_dispatch")).is_mine


async def dispatch_jobs(connection: Connection, pool: str, jobs_per_slot: int) -> list[WorkRow]:
    return await fetch_all(connection, WorkRow, "dispatch_jobs", pool=pool, jobs_per_slot=jobs_per_slot)


async def redispatch_jobs(connection: Connection, pool: str, unclaimed_seconds: float) -> list[WorkRow]:
    return await fetch_all(connection, WorkRow, "redispatch_jobs", pool=pool, unclaimed_seconds=unclaimed_seconds)


async def offer_jobs(connection: Connection, beat: Heartbeat, unclaimed_seconds: float) -> list[WorkRow]:
    return await fetch_all(
        connection,
        WorkRow,
        "offer_jobs",
        pool=beat.pool,
        labels=beat.labels,
        jobs_max=beat.free,
        unclaimed_seconds=unclaimed_seconds,
    )


async def list_due_jobs(connection: Connection, beat: Heartbeat) -> list[WorkRow]:
    return await fetch_all(
        connection, WorkRow, "list_due_jobs", pool=beat.pool, labels=beat.labels, jobs_max=beat.slots
    )


async def list_hosts_for_run(connection: Connection, run: RunId) -> list[RunnerRow]:
    return await fetch_all(connection, RunnerRow, "list_hosts_for_run", run_id=run)


async def list_hosts_for_room(connection: Connection, repository: RepositoryId) -> list[RunnerRow]:
    return await fetch_all(connection, RunnerRow, "list_hosts_for_room", repository_id=repository)


async def count_unfinished(connection: Connection) -> UnfinishedRow:
    return await fetch_row(connection, UnfinishedRow, "count_unfinished")
