"""Statements about the outbox: messages that leave when the transaction that wrote them is committed."""

from dataclasses import dataclass

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.errors import InfrastructureError
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_orchestrator.store.rows import LockRow, OutboxRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one

#: The channel that `insert_outbox.sql` notifies.
CHANNEL = "tisktask_outbox"


@dataclass(frozen=True)
class Posted:
    """A message in its lane: those of one lane leave in order."""

    lane: str
    message: Outgoing


async def insert_outbox(connection: Connection, posted: list[Posted]) -> None:
    for one in posted:
        if len(one.message.data) > MESSAGE_BYTES_MAX:
            # Refused here, where it can still be seen what it came from: later it would block its lane for ever.
            raise InfrastructureError(f"message of {len(one.message.data)} bytes for {one.message.subject}: too large")
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
