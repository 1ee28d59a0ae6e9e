"""Statements that write the data of a run; in a pipeline nobody waits for them."""

from dataclasses import dataclass
from typing import NamedTuple

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId
from tisktask_orchestrator.store.run_data import RunDataRow
from tisktask_orchestrator.store.statements import execute


class KeyColumns(NamedTuple):
    """A key as it is stored."""

    key: bytes
    kind: str
    value: bytes | None
    expires_ms: int | None
    bytes_used: int
    first_position: int
    end_position: int
    fields_used: int


@dataclass(frozen=True)
class GivenReply:
    """What a request is answered, kept in case that the answer is lost and it comes again."""

    job_id: JobId
    request_id: str
    replies: str


async def delete_data_keys(connection: Connection, run: RunId, keys: list[bytes]) -> None:
    await execute(connection, "delete_data_keys", run_id=run, keys=keys)


async def write_run_data(connection: Connection, state: RunDataRow, rows: list[KeyColumns], reply: GivenReply) -> None:
    """Store what every change has: keys, how much the run keeps, and what was answered."""
    await execute(
        connection,
        "write_run_data",
        **vars(state),
        **vars(reply),
        keys=[row.key for row in rows],
        kinds=[row.kind for row in rows],
        values=[row.value for row in rows],
        expires_ms=[row.expires_ms for row in rows],
        key_bytes=[row.bytes_used for row in rows],
        first_positions=[row.first_position for row in rows],
        end_positions=[row.end_position for row in rows],
        fields_used=[row.fields_used for row in rows],
    )


async def delete_data_items(connection: Connection, run: RunId, key: bytes, positions: range) -> None:
    await execute(connection, "delete_data_items", run_id=run, key=key, start=positions.start, stop=positions.stop)


async def upsert_data_items(connection: Connection, run: RunId, items: list[tuple[bytes, int, bytes]]) -> None:
    keys, positions, values = (list(column) for column in zip(*items, strict=True))
    await execute(connection, "upsert_data_items", run_id=run, keys=keys, positions=positions, values=values)


async def delete_data_fields(connection: Connection, run: RunId, key: bytes, fields: list[bytes]) -> None:
    await execute(connection, "delete_data_fields", run_id=run, key=key, fields=fields)


async def upsert_data_fields(connection: Connection, run: RunId, fields: list[tuple[bytes, bytes, bytes]]) -> None:
    keys, names, values = (list(column) for column in zip(*fields, strict=True))
    await execute(connection, "upsert_data_fields", run_id=run, keys=keys, fields=names, values=values)
