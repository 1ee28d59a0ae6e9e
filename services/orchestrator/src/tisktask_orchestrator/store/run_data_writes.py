"""Statements that write the data of a run; in a pipeline nobody waits for them."""

from typing import NamedTuple

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId
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


async def delete_data_keys(connection: Connection, run: RunId, keys: list[bytes]) -> None:
    await execute(connection, "delete_data_keys", run_id=run, keys=keys)


async def upsert_data_keys(connection: Connection, run: RunId, rows: list[KeyColumns]) -> None:
    await execute(
        connection,
        "upsert_data_keys",
        run_id=run,
        keys=[row.key for row in rows],
        kinds=[row.kind for row in rows],
        values=[row.value for row in rows],
        expires_ms=[row.expires_ms for row in rows],
        bytes_used=[row.bytes_used for row in rows],
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


async def update_run_data(connection: Connection, run: RunId, bytes_used: int, keys_used: int) -> None:
    await execute(connection, "update_run_data", run_id=run, bytes_used=bytes_used, keys_used=keys_used)


async def insert_data_reply(connection: Connection, job: JobId, request_id: str, replies: str) -> None:
    await execute(connection, "insert_data_reply", job_id=job, request_id=request_id, replies=replies)
