"""A transaction on a connection of the pool."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tisktask_common.database.pool import Connection, Pool


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """Open a transaction; at the end it is committed, or rolled back if an exception comes out."""
    async with pool.connection() as connection, connection.transaction():
        yield connection
