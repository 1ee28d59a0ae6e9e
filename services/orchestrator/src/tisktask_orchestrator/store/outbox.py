"""Statements about the outbox: messages that leave when the transaction that wrote them is committed."""

from dataclasses import dataclass

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.errors import InfrastructureError
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_orchestrator.store.rows import LockRow, OutboxRow, RunRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one

#: The channel that `insert_outbox.sql` notifies.
CHANNEL = "tisktask_outbox"


@dataclass(frozen=True)
class Posted:
    """A message in its lane: those of one lane leave in order."""

    lane: str
    message: Outgoing


async def append_run_events(connection: Connection, run: RunRow, events: list[Outgoing]) -> None:
    """Store a run's events and its revision; a repository's events leave in the order of their commits."""
    _check_sizes(events)
    await execute(
        connection,
        "append_run_events",
        run_id=run.id,
        revision=run.revision,
        lane=run.repository_id,
        subjects=[event.subject for event in events],
        message_ids=[event.message_id for event in events],
        data=[event.data for event in events],
    )


async def insert_outbox(connection: Connection, posted: list[Posted]) -> None:
    _check_sizes([one.message for one in posted])
    await execute(
        connection,
        "insert_outbox",
        lanes=[one.lane for one in posted],
        subjects=[one.message.subject for one in posted],
        message_ids=[one.message.message_id for one in posted],
        data=[one.message.data for one in posted],
    )


async def list_outbox(
    connection: Connection, on_their_way: list[int], waiting_lanes: list[str], count: int
) -> list[OutboxRow]:
    return await fetch_all(
        connection, OutboxRow, "list_outbox", on_their_way=on_their_way, waiting_lanes=waiting_lanes, count=count
    )


async def delete_outbox(connection: Connection, ids: list[int]) -> None:
    await execute(connection, "delete_outbox", ids=ids)


async def try_lock_relay(connection: Connection) -> bool:
    row = await fetch_one(connection, LockRow, "try_lock_relay")
    return row is not None and row.is_mine


def _check_sizes(messages: list[Outgoing]) -> None:
    for message in messages:
        if len(message.data) > MESSAGE_BYTES_MAX:
            # Refused here, where it can still be seen what it came from: later it would block its lane for ever.
            raise InfrastructureError(f"message of {len(message.data)} bytes for {message.subject}: too large")
