"""The database of the `db` commands: the one that is named, or a stack's; a stopped one is started meanwhile."""

import asyncio
import io
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from tisktask_cli.data_directory import chosen_data_directory, find_data_directory
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.lock import DataDirectoryLock, is_running
from tisktask_cli.stack.postgres import EmbeddedPostgres, database_url
from tisktask_cli.stack.reaper import Reaper
from tisktask_cli.stack.supervisor import Supervisor

_START_SECONDS = 30.0


@asynccontextmanager
async def open_database(data_dir: Path | None) -> AsyncGenerator[AsyncConnection[TupleRow], None]:
    """Connect, in autocommit mode."""
    async with _database_url(data_dir) as url, await _connect(url) as connection:
        yield connection


@asynccontextmanager
async def _database_url(data_dir: Path | None) -> AsyncGenerator[str, None]:
    named = os.environ.get("TISKTASK_DATABASE_URL")
    if named and data_dir is None:
        yield named
        return
    layout = Layout.of(chosen_data_directory(data_dir) or find_data_directory())
    if is_running(layout):
        yield database_url(layout.postgres_sockets)
        return
    async with _running_meanwhile(layout) as url:
        yield url


@asynccontextmanager
async def _running_meanwhile(layout: Layout) -> AsyncGenerator[str, None]:
    """Start a stopped stack's server, alone; stop it afterwards."""
    postgres = EmbeddedPostgres.of(layout)
    if not postgres.exists:
        raise CommandError(
            f"there is no database in {layout.root}: say where the data are with --data-dir, or set"
            " TISKTASK_DATABASE_URL",
            Exit.USAGE,
        )
    lock = DataDirectoryLock.take(layout)
    postgres.require_version()
    output = io.StringIO()
    reaper = Reaper()
    supervisor = Supervisor(reaper, Journal("text", output))
    supervisor.start(postgres.program(), 1)
    try:
        await _wait_for_server(postgres.url, output)
        yield postgres.url
    finally:
        await supervisor.stop()
        reaper.close()
        lock.release()


async def _wait_for_server(url: str, output: io.StringIO) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                try:
                    await (await AsyncConnection.connect(url, connect_timeout=2)).close()
                except psycopg.OperationalError:
                    await asyncio.sleep(0.05)
                else:
                    return
    except TimeoutError:
        last = " ".join(output.getvalue().splitlines()[-3:])
        raise CommandError(f"the database does not start: {last}") from None


async def _connect(url: str) -> AsyncConnection[TupleRow]:
    try:
        return await AsyncConnection.connect(url, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandError(f"can not reach the database: {reason}", Exit.UNREACHABLE) from error
