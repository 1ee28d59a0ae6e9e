"""Statements about the data of runs. Those that open a request are sent together, without waiting in between."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import class_row

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId
from tisktask_orchestrator.store.statements import STATEMENTS, execute

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class RunDataRow:
    """How much a run keeps."""

    run_id: RunId
    bytes_used: int
    keys_used: int


@dataclass(frozen=True)
class ReplyRow:
    """What a request was answered before, and the time."""

    now_ms: int
    replies: str | None


@dataclass(frozen=True)
class KeyRow:
    """A key that is stored."""

    key: bytes
    kind: str
    value: bytes | None
    expires_ms: int | None
    bytes_used: int
    first_position: int
    end_position: int
    fields_used: int


@dataclass(frozen=True)
class PlaceRow:
    """A key and where it stands among the others."""

    key: bytes
    place: int
    kind: str


@dataclass(frozen=True)
class FieldRow:
    """A field of a hash."""

    field: bytes
    value: bytes


@dataclass(frozen=True)
class ItemRow:
    """An item of a list."""

    position: int
    value: bytes


@dataclass(frozen=True)
class BytesRow:
    """How much something is."""

    bytes: int


@dataclass(frozen=True)
class FreedRow:
    """How much room was made."""

    bytes_used: int
    keys_used: int


@dataclass(frozen=True)
class HostRow:
    """A runner host."""

    runner: str


@dataclass(frozen=True)
class Sent(Generic[RowT]):
    """A statement that was sent; its rows may be asked for later."""

    cursor: AsyncCursor[RowT]

    async def rows(self) -> list[RowT]:
        return await self.cursor.fetchall()


async def send(connection: Connection, row: type[RowT], statement: str, **values: Any) -> Sent[RowT]:
    """Send a statement; in a pipeline nobody waits for it yet."""
    # Binary: text would double what bytes take.
    cursor = connection.cursor(row_factory=class_row(row), binary=True)
    return Sent(await cursor.execute(STATEMENTS[statement], values))


async def take_run_data(connection: Connection, job: JobId) -> Sent[RunDataRow]:
    return await send(connection, RunDataRow, "take_run_data", job_id=job)


async def insert_run_data(connection: Connection, job: JobId) -> None:
    await execute(connection, "insert_run_data", job_id=job)


async def roll_back(connection: Connection) -> None:
    """End a transaction that has changed nothing. In a pipeline, `connection.rollback()` would be two round trips."""
    await connection.execute("ROLLBACK")


async def read_data_reply(connection: Connection, job: JobId, request_id: str) -> Sent[ReplyRow]:
    return await send(connection, ReplyRow, "read_data_reply", job_id=job, request_id=request_id)


async def list_named_keys(connection: Connection, job: JobId, keys: list[bytes]) -> Sent[KeyRow]:
    return await send(connection, KeyRow, "list_named_keys", job_id=job, keys=keys)


async def list_named_fields(connection: Connection, job: JobId, key: bytes, fields: list[bytes]) -> Sent[FieldRow]:
    return await send(connection, FieldRow, "list_named_fields", job_id=job, key=key, fields=fields)


async def list_end_items(connection: Connection, job: JobId, key: bytes, count: int, *, is_left: bool) -> Sent[ItemRow]:
    return await send(connection, ItemRow, "list_end_items", job_id=job, key=key, count=count, is_left=is_left)


async def list_data_items(connection: Connection, run: RunId, key: bytes, positions: range) -> list[ItemRow]:
    sent = await send(
        connection, ItemRow, "list_data_items", run_id=run, key=key, start=positions.start, stop=positions.stop
    )
    return await sent.rows()


async def measure_data_items(
    connection: Connection, run: RunId, key: bytes, positions: range, overwritten: list[int]
) -> int:
    sent = await send(
        connection,
        BytesRow,
        "measure_data_items",
        run_id=run,
        key=key,
        start=positions.start,
        stop=positions.stop,
        overwritten=overwritten,
    )
    (row,) = await sent.rows()
    return row.bytes


async def list_data_fields(connection: Connection, run: RunId, key: bytes) -> list[FieldRow]:
    return await (await send(connection, FieldRow, "list_data_fields", run_id=run, key=key)).rows()


async def list_data_keys(connection: Connection, run: RunId, after: int, count: int, now_ms: int) -> list[PlaceRow]:
    sent = await send(connection, PlaceRow, "list_data_keys", run_id=run, after=after, count=count, now_ms=now_ms)
    return await sent.rows()


async def delete_expired_data(connection: Connection, run: RunId, now_ms: int, spared: list[bytes]) -> FreedRow:
    sent = await send(connection, FreedRow, "delete_expired_data", run_id=run, now_ms=now_ms, spared=spared)
    (row,) = await sent.rows()
    return row


async def list_runners_of_run(connection: Connection, run: RunId) -> Sent[HostRow]:
    return await send(connection, HostRow, "list_runners_of_run", run_id=run)


async def delete_run_data(connection: Connection, run: RunId) -> int:
    return await execute(connection, "delete_run_data", run_id=run)


async def forget_run_data(connection: Connection, age_seconds: float) -> int:
    return await execute(connection, "forget_run_data", age_seconds=age_seconds)


async def forget_data_replies(connection: Connection, age_seconds: float) -> int:
    return await execute(connection, "forget_data_replies", age_seconds=age_seconds)
