"""The connection pool and the statements of a service: one `sql/<verb>_<noun>.sql` file each."""

import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from tisktask_common.process.settings import DatabaseSettings

log = structlog.get_logger()

Connection = AsyncConnection[TupleRow]

#: So long after the server has refused a write for want of room, it counts as full.
FULL_SECONDS = 10.0
DISK_FULL = (
    "The disk of the database is full: what can not be stored waits, and nothing of it is lost. "
    "Make room, and all goes on by itself."
)


class Pool(AsyncConnectionPool[Connection]):
    """A pool that remembers when its server's disk was found full: reading works then, so nobody else would notice."""

    full_at: float = -FULL_SECONDS

    @property
    def is_full(self) -> bool:
        return time.monotonic() - self.full_at < FULL_SECONDS


async def open_pool(settings: DatabaseSettings, name: str) -> Pool:
    """Open a pool that outlives outages of the server: a caller waits up to 10 s for a working connection.

    The pool opens even if the server is away; `is_database_ready` tells.
    """

    def note_full() -> None:
        pool.full_at = time.monotonic()

    pool = Pool(
        settings.database_url.get_secret_value(),
        kwargs={"application_name": f"tisktask-{name}", "connect_timeout": 3, "keepalives_idle": 5},
        min_size=1,
        max_size=settings.database_connections_max,
        timeout=10,
        reconnect_timeout=float("inf"),
        check=AsyncConnectionPool.check_connection,
        open=False,
        name=name,
        connection_class=_noting(note_full),
    )
    await pool.open(wait=False)
    return pool


async def is_database_ready(pool: Pool) -> bool | str:
    """Tell whether the database answers, and stores; a sentence if it is its disk that is full."""
    try:
        async with pool.connection(timeout=1) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, OSError):
        return False
    return DISK_FULL if pool.is_full else True


def _noting(note_full: Callable[[], None]) -> type[Connection]:
    """Make the class of connections that tell when the server has no room."""

    class NotingConnection(AsyncConnection[TupleRow]):
        # All that is said to the server goes through here, commits too.
        async def wait(self, *arguments: Any, **options: Any) -> Any:
            try:
                return await super().wait(*arguments, **options)
            except psycopg.errors.DiskFull:
                note_full()
                raise

    return NotingConnection


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
