"""The connection pool and the statements of a service: one `sql/<verb>_<noun>.sql` file each."""

from importlib.resources import files
from typing import LiteralString, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from tisktask_common.process.settings import DatabaseSettings

log = structlog.get_logger()

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]


async def open_pool(settings: DatabaseSettings, name: str) -> Pool:
    """Open a pool that outlives outages of the server: a caller waits up to 10 s for a working connection.

    The pool opens even if the server is away; `is_database_ready` tells.
    """
    pool: Pool = AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        kwargs={"application_name": f"tisktask-{name}", "connect_timeout": 3, "keepalives_idle": 5},
        min_size=1,
        max_size=settings.database_connections_max,
        timeout=10,
        reconnect_timeout=float("inf"),
        check=AsyncConnectionPool.check_connection,
        open=False,
        name=name,
    )
    await pool.open(wait=False)
    return pool


async def is_database_ready(pool: Pool) -> bool:
    try:
        async with pool.connection(timeout=1) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, OSError):
        return False
    return True


def load_statements(package: str) -> dict[str, LiteralString]:
    """Read `<package>/sql/*.sql`: file name without ending -> statement.

    They are part of the program text, hence literal: nothing of a user's is ever in them.
    """
    folder = files(package) / "sql"
    return {
        entry.name.removesuffix(".sql"): cast("LiteralString", entry.read_text())
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
