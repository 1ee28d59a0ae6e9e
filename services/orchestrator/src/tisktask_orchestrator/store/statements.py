"""Runs a statement of `sql/` by its name and makes rows of its result."""

from typing import Any, TypeVar

from psycopg.rows import class_row

from tisktask_common.database.pool import Connection, load_statements
from tisktask_common.errors import DatabaseError

RowT = TypeVar("RowT")

STATEMENTS = load_statements("tisktask_orchestrator")


async def execute(connection: Connection, statement: str, **values: Any) -> int:
    """Run a statement; returns how many rows it touched."""
    cursor = await connection.execute(STATEMENTS[statement], values)
    return cursor.rowcount


async def fetch_one(connection: Connection, row: type[RowT], statement: str, **values: Any) -> RowT | None:
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(STATEMENTS[statement], values)
        return await cursor.fetchone()


async def fetch_row(connection: Connection, row: type[RowT], statement: str, **values: Any) -> RowT:
    """Run a statement that always returns its row."""
    found = await fetch_one(connection, row, statement, **values)
    if found is None:
        raise DatabaseError(f"{statement}.sql returned no row")
    return found


async def fetch_all(connection: Connection, row: type[RowT], statement: str, **values: Any) -> list[RowT]:
    async with connection.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(STATEMENTS[statement], values)
        return await cursor.fetchall()
