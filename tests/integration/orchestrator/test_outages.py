"""The database is killed in between, and the orchestrator itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from nats_server import NatsServer
from orchestrator_stage import eventually, make_settings, orchestrating, prepared, staging
from own_postgres import own_postgres_server, start_again
from postgres_server import PostgresServer
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError
from tisktask_common.events import RunEvent
from tisktask_common.lifecycle import JobState

T = TypeVar("T")


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    with own_postgres_server() as server:
        yield server


async def persist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask as runners do: an infrastructure error is not the last word."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await ask()
            except InfrastructureError:
                await asyncio.sleep(0.1)


async def test_a_run_survives_kills_of_the_database_between_and_within_its_steps(
    bus: Bus, nats_server: NatsServer, own_postgres: PostgresServer
) -> None:
    def restart() -> None:
        own_postgres.kill()
        start_again(own_postgres)

    async with staging(bus, nats_server.url, own_postgres.new_database()) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        own_postgres.kill()
        await stage.trigger(repository)
        start_again(own_postgres)
        work = await stage.next_work()
        restart()
        await persist(lambda: runner.claim(work))
        await persist(lambda: runner.began(work))
        ending = asyncio.create_task(
            persist(lambda: runner.ended(work, JobState.SUCCEEDED, prepared=prepared("build")))
        )
        await asyncio.sleep(0)
        restart()
        assert (await ending).accepted
        await persist(runner.heartbeat)
        program = await stage.next_work()
        assert program.job_id != work.job_id
        assert (await persist(lambda: runner.claim(program))).granted
        own_postgres.kill()
        ending = asyncio.create_task(persist(lambda: runner.ended(program, JobState.SUCCEEDED)))
        start_again(own_postgres)
        assert (await ending).accepted
        (run,) = await stage.rows("SELECT state, revision FROM api.runs")
        assert run["state"] == "succeeded"
        events = [event for event in await stage.events() if isinstance(event, RunEvent)]
        assert [event.revision for event in events] == list(range(1, run["revision"] + 1))


async def test_after_an_outage_of_the_database_living_hosts_keep_what_they_hold(
    bus: Bus, nats_server: NatsServer, own_postgres: PostgresServer
) -> None:
    async with staging(bus, nats_server.url, own_postgres.new_database(), lease_seconds=1.5) as stage:
        runner = await stage.runner()
        await stage.trigger(await stage.add_repository())
        work = await stage.next_work()
        assert (await runner.claim(work)).granted
        own_postgres.kill()
        start_again(own_postgres)
        await stage.rows("UPDATE orchestrator.attempts SET lease_until = now() - interval '1 second'")
        assert (await persist(lambda: runner.heartbeat(work))).fenced == []


async def test_a_restarted_orchestrator_does_not_call_its_living_hosts_lost(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url) as stage:
        runner = await stage.runner()
        await stage.trigger(await stage.add_repository())
        work = await stage.next_work()
        await runner.claim(work)
    await stage.rows("UPDATE orchestrator.attempts SET lease_until = now() - interval '1 hour'")
    async with staging(bus, nats_server.url, database_url) as stage:
        runner = await stage.runner(joins=False)
        assert (await runner.heartbeat(work)).fenced == []
        assert (await runner.ended(work, JobState.SUCCEEDED, prepared=prepared())).accepted


async def test_what_was_triggered_while_no_orchestrator_ran_is_not_lost(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url) as stage:
        repository = await stage.add_repository()
    for number in range(3):
        await stage.trigger(repository, f"d{number}")
    async with orchestrating(make_settings(nats_server.url, database_url)):

        async def all_there() -> bool:
            return len(await stage.rows("SELECT id FROM api.runs")) == 3

        await eventually(all_there, "three runs")
