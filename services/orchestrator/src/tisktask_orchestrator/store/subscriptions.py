"""Statements about who hears which channels of a run."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId
from tisktask_orchestrator.store.rows import AuthorityRow
from tisktask_orchestrator.store.statements import execute, fetch_all


@dataclass(frozen=True)
class SubscriberRow:
    """How many connections hear a channel on a host."""

    runner: str
    connections: int


async def delete_subscriptions(connection: Connection, job: JobId, kept: list[bytes]) -> None:
    await execute(connection, "delete_subscriptions", job_id=job, channels=kept)


async def upsert_subscriptions(
    connection: Connection, listener: AuthorityRow, runner: str, connections_by_channel: dict[bytes, int]
) -> None:
    await execute(
        connection,
        "upsert_subscriptions",
        run_id=listener.run_id,
        job_id=listener.job_id,
        attempt=listener.attempt,
        runner=runner,
        channels=list(connections_by_channel),
        connections=list(connections_by_channel.values()),
    )


async def list_subscribers(connection: Connection, run: RunId, channel: bytes) -> list[SubscriberRow]:
    return await fetch_all(connection, SubscriberRow, "list_subscribers", run_id=run, channel=channel)
