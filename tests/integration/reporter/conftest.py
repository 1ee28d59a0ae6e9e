"""A reporter at work on a real bus and a real database, with a forge of each kind and somebody to ask for tokens."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from pydantic import SecretStr

from consumers import has_taken_all
from forge import Flavour, Forge, Token
from nats_server import NatsServer
from reporter_events import SHA, RunStory
from reporter_records import SaidRecords
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.database.pool import open_pool
from tisktask_common.errors import InfrastructureError, NotFoundError
from tisktask_common.events import AnyEvent, Repository, RepositoryChanged
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, AskCredential, Credential, RenameRepository
from tisktask_common.sealing import seal
from tisktask_common.subjects import RUNS_FOR_REPORTER, event_subject
from tisktask_reporter.__main__ import run_reporter
from tisktask_reporter.schema import MIGRATIONS_PACKAGE, SCHEMA
from tisktask_reporter.settings import ReporterSettings

DEADLINE_SECONDS = 20.0


@dataclass
class Known:
    """A repository as the orchestrator knows it."""

    forge: str
    full_name: str
    api_url: str
    token: str | None = field(repr=False)
    app_id: str | None = None
    app_key: str | None = field(default=None, repr=False)
    has_comment: bool = False


@dataclass
class Credentials:
    """Answers for the orchestrator: what it knows may change while a test runs."""

    repositories: dict[str, Known] = field(default_factory=dict, repr=False)
    is_away: bool = False

    async def answer(self, request: AskCredential, _caller: str) -> Credential:
        if self.is_away:
            raise InfrastructureError("the database is away")
        known = self.repositories.get(request.repository_id)
        if known is None:
            raise NotFoundError("no such repository")
        return Credential(
            repository=Repository(id=request.repository_id, forge=known.forge, full_name=known.full_name),
            api_url=known.api_url,
            sealed_token=seal(SecretStr(known.token), request.public_key) if known.token else None,
            app_id=known.app_id,
            sealed_app_key=seal(SecretStr(known.app_key), request.public_key) if known.app_key else None,
            has_comment=known.has_comment,
        )

    async def rename(self, request: RenameRepository, _caller: str) -> Accepted:
        known = self.repositories[request.repository_id]
        assert known.full_name == request.old_name
        self.repositories[request.repository_id] = replace(known, full_name=request.full_name)
        return Accepted(accepted=True)


@dataclass
class Site:
    """All that a test needs: it publishes events and looks at the forge."""

    bus: Bus
    nats_url: str
    database_url: str
    credentials: Credentials
    settings: ReporterSettings
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def know(self, forge: Forge, token: Token | str | None, full_name: str = "me/app", repo: str = "repo_1") -> None:
        value = token.value if isinstance(token, Token) else token
        self.credentials.repositories[repo] = Known(forge.state.flavour, full_name, forge.api_url, value)

    def know_app(self, forge: Forge, key: str, full_name: str = "me/app", **more: Any) -> SaidRecords:
        self.credentials.repositories["repo_1"] = Known(
            forge.state.flavour, full_name, forge.api_url, None, "1234", key, **more
        )
        return SaidRecords(self.database_url)

    async def publish(self, *events: AnyEvent) -> None:
        for event in events:
            await self.bus.publish_event(event)

    async def publish_as_new(self, event: AnyEvent) -> None:
        await self.bus.publish(Outgoing(event_subject(event), event.model_dump_json().encode(), uuid4().hex))

    @property
    def is_reporting(self) -> bool:
        return bool(self._tasks)

    async def announce_change(self, repo: str = "repo_1") -> None:
        known = self.credentials.repositories[repo]
        repository = Repository(id=RepositoryId(repo), forge=known.forge, full_name=known.full_name)
        await self.publish(RepositoryChanged(repository=repository))

    def start_reporter(self, **settings: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(self.settings.model_copy(update=settings)))
        self._tasks.append(task)
        return task

    async def _run(self, settings: ReporterSettings) -> None:
        pool = await open_pool(settings, "reporter")
        try:
            await run_reporter(settings, self.bus, pool)
        finally:
            await pool.close()

    async def rows(self) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(self.database_url, row_factory=dict_row) as connection:
            cursor = await connection.execute("SELECT * FROM reporter.statuses ORDER BY context")
            return await cursor.fetchall()

    async def let_pass(self, time: str) -> None:
        """Make what is in the tables older by so much."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            await connection.execute(
                "UPDATE reporter.statuses SET wanted_at = wanted_at - %(t)s::interval,"
                " failing_since = failing_since - %(t)s::interval, next_try_at = next_try_at - %(t)s::interval,"
                " claimed_until = claimed_until - %(t)s::interval",
                {"t": time},
            )

    async def row(self) -> dict[str, Any]:
        (row,) = await self.rows()
        return row

    async def settled(self) -> None:
        """Wait until nothing is left to be posted and all events have been taken."""

        async def is_settled() -> bool:
            is_taken = await has_taken_all(self.bus.jetstream, RUNS_FOR_REPORTER)
            return is_taken and all(row["next_try_at"] is None for row in await self.rows())

        await eventually(is_settled)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        failures = [
            one for one in results if isinstance(one, BaseException) and not isinstance(one, asyncio.CancelledError)
        ]
        assert not failures, failures


async def eventually(
    condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = DEADLINE_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        outcome = condition()
        if outcome if isinstance(outcome, bool) else await outcome:
            return
        assert time.monotonic() < deadline, "it did not come to pass in time"
        await asyncio.sleep(0.02)


@pytest.fixture
async def site(bus: Bus, nats_server: NatsServer, empty_database_url: str) -> AsyncIterator[Site]:
    # Without the orchestrator's tables: tests put what it would show into some of their own.
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await migrate(connection, SCHEMA, load_migrations(MIGRATIONS_PACKAGE))
    credentials = Credentials()
    await bus.answer(AskCredential, credentials.answer, queue="orchestrator")
    await bus.answer(RenameRepository, credentials.rename, queue="orchestrator")
    settings = ReporterSettings(
        nats_url=nats_server.url,
        database_url=SecretStr(empty_database_url),
        public_url="https://ci.example.com/",
        retry_delay_seconds=0.05,
        retry_delay_seconds_max=0.4,
        post_seconds_max=1,
        # What GitHub asks for would take minutes; `test_pace.py` tries it with a clock of its own.
        github_post_pause_seconds=0,
        github_posts_per_hour_max=0,
    )
    site = Site(bus, nats_server.url, empty_database_url, credentials, settings)
    yield site
    await site.stop()


@pytest.fixture
async def make_forge() -> AsyncIterator[Callable[..., Awaitable[Forge]]]:
    """Start forges; at the end none may have seen a request that its contract forbids."""
    forges: list[Forge] = []

    async def make(flavour: Flavour, version: str | None = None) -> Forge:
        forge = await Forge.start(flavour, version)
        forges.append(forge)
        forge.state.add_repository("me/app", commits=[SHA])
        return forge

    yield make
    for forge in forges:
        await forge.stop()
    for forge in forges:
        forge.check()


@pytest.fixture(params=list(Flavour))
async def forge(request: pytest.FixtureRequest, make_forge: Callable[..., Awaitable[Forge]]) -> Forge:
    return await make_forge(request.param)


@pytest.fixture
def story(forge: Forge) -> RunStory:
    """A run in the repository that the forge has."""
    return RunStory(forge=forge.state.flavour)
