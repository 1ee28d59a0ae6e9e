"""Runs a statement of `sql/` by its name. What the driver raises becomes a DatabaseError."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import PoolClosed, PoolTimeout

from tisktask_common.database.pool import Connection, Pool, load_statements
from tisktask_common.errors import DatabaseError

_SQL = load_statements("tisktask_logstream")


class Database:
    """The pool of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        async with self._connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_SQL[statement], values)
            return await cursor.fetchall()

    async def execute(self, statement: str, values: Mapping[str, Any]) -> int:
        """Run a statement in a transaction of its own; returns how many rows it touched."""
        async with self._connection() as connection:
            return (await connection.execute(_SQL[statement], values)).rowcount

    async def execute_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        async with self._connection() as connection, connection.cursor() as cursor:
            await cursor.executemany(_SQL[statement], rows)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection, None]:
        try:
            async with self._pool.connection(timeout=5) as connection:
                yield connection
        except (psycopg.Error, PoolTimeout, PoolClosed) as error:
            raise DatabaseError(f"the database did not answer: {error}") from error
