"""The real servers that tests run against: nats-server and PostgreSQL from their wheels."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from nats_server import NatsServer
from postgres_server import PostgresServer
from quick_folder import quick_folder
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.bus.provision import provision
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.process.settings import BusSettings

pytest.register_assert_rewrite("stack", "project", "stack_fixtures")

#: `pytest --hypothesis-profile=thorough`: for hours in which a machine has nothing better to do.
settings.register_profile("thorough", max_examples=3000, deadline=None)

TESTS = Path(__file__).resolve().parent
#: One after the other even where others run beside: they fill the machine.
WHOLE_STACKS = {"acceptance", "chaos"}
CONTRACTS = Path(__file__).resolve().parents[2] / "shared" / "contracts"


class ByFolder(LoadScopeScheduling):
    """Keep together, in one of the processes that run tests side by side, what shares servers and hosts."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.partition("::")[0].rpartition("/")[0]
        return "stack" if folder.removeprefix("tests/") in WHOLE_STACKS else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The forges' contracts and payloads; they are not part of the repository."""
    if not CONTRACTS.is_dir():
        pytest.skip("no ../shared/contracts beside this clone: the forges' own payloads can not be tried")
    return CONTRACTS


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not pytest's tmp_path: PostgreSQL's own user must be able to reach it, and socket paths are short.
    with quick_folder("tt-pg-") as folder:
        folder.chmod(0o755)
        server = PostgresServer(folder / "s")
        server.create()
        server.start("-c", "fsync=off", "-c", "max_connections=200", "-c", "max_wal_size=256MB")
        yield server
        server.leave()


@pytest.fixture(scope="session")
def prepared_database(postgres_server: PostgresServer) -> str:
    """The name of a database with the tables that each test would otherwise make anew, in a quarter of a second."""
    url = postgres_server.new_database()
    for schema in ("orchestrator", "reporter"):
        asyncio.run(_migrate(url, schema))
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


async def _migrate(url: str, schema: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await migrate(connection, schema, load_migrations(f"tisktask_{schema}"))


@pytest.fixture
def database_url(postgres_server: PostgresServer, prepared_database: str) -> Iterator[str]:
    """A database of the test's own, as the orchestrator's and the reporter's migrations leave it."""
    url = postgres_server.new_database(prepared_database)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def empty_database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the test's own, for those that migrate it themselves."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def nats_server() -> Iterator[NatsServer]:
    """A server of the test's own, that it may kill and start again."""
    with quick_folder("tt-nats-") as folder:
        server = NatsServer.create(folder)
        server.start()
        yield server
        server.kill()


@pytest.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    """A connection with all rights, streams and consumers provisioned."""
    connection = await connect(BusSettings(nats_url=nats_server.url, nats_user="admin"), "test")
    await provision(connection.client)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TISKTASK_"):
            monkeypatch.delenv(name)
