"""Leases: what a silent host has held is tried again or given up, what a living one holds stays its own."""

from collections.abc import AsyncIterator

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, orchestrating, prepared, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.events import AttemptLost
from tisktask_common.lifecycle import JobState
from tisktask_orchestrator.store.attempts import list_lost_attempts
from tisktask_orchestrator.sweep import _end_lost_attempt


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url, lease_seconds=0.6) as stage:
        yield stage


async def end_leases(stage: Stage) -> None:
    """Let the leases of all attempts be over, as if their hosts had been silent."""
    await stage.rows(
        "UPDATE orchestrator.attempts SET lease_until = now() - interval '1 second' WHERE finished_at IS NULL"
    )


async def test_a_job_that_was_lost_before_it_began_gets_one_new_attempt(stage: Stage) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build")
    await runner.claim(works["build"])
    job = await stage.wait_for_job(works["build"], "queued")
    assert job["attempt"] == 2
    assert not (await runner.began(works["build"])).accepted
    await runner.heartbeat()
    again = await stage.next_work()
    assert again.attempt == 2
    assert (await runner.claim(again)).granted
    job = await stage.wait_for_job(again, "errored")
    assert (
        job["reason"] == "The job was lost 2 times before its program began, last because the runner host went silent."
    )
    await stage.wait_for_run(run, "errored")
    lost = [event for event in await stage.events() if isinstance(event, AttemptLost)]
    assert [(event.attempt, event.runner, event.reason) for event in lost] == [
        (1, "host", "The runner host has gone silent."),
        (2, "host", "The runner host has gone silent."),
    ]
    rows = await stage.rows("SELECT attempt, state FROM api.attempts WHERE job_id = %s ORDER BY attempt", again.job_id)
    assert [(row["attempt"], row["state"]) for row in rows] == [(1, "errored"), (2, "errored")]


async def test_a_program_that_was_lost_after_it_began_is_not_started_again(stage: Stage) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build")
    await runner.claim(works["build"])
    await runner.began(works["build"])
    job = await stage.wait_for_job(works["build"], "errored")
    assert "not started again" in job["reason"]
    await stage.wait_for_run(run, "errored")
    assert not (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted
    assert (await runner.heartbeat(works["build"])).fenced == [works["build"]]


async def test_a_preparation_that_was_lost_is_done_again(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.claim(work)
    await runner.began(work)
    await stage.wait_for_job(work, "queued")
    await runner.heartbeat()
    await runner.prepare(await stage.next_work(), "build")
    (run,) = await stage.rows("SELECT state FROM api.runs")
    assert run["state"] == "running"


async def test_heartbeats_keep_what_a_host_holds(stage: Stage) -> None:
    runner, silent = await stage.runner(), await stage.runner("silent")
    _, works = await stage.start_run(runner, "build", "test")
    await runner.claim(works["build"])
    await runner.began(works["build"])
    await silent.claim(works["test"])

    async def other_is_lost() -> bool:
        reply = await runner.heartbeat(works["build"])
        assert reply.fenced == []
        return (await stage.job(works["test"]))["attempt"] == 2

    await eventually(other_is_lost, "the silent host is lost")
    assert (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted


async def test_a_replica_that_adopts_an_attempt_keeps_it(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.claim(work)
    await end_leases(stage)
    reply = await runner.heartbeat(work, replica="r2")
    if reply.fenced:  # the sweep was first: then the attempt is lost, and said to be
        assert (await stage.job(work))["attempt"] == 2
        return
    assert (await runner.ended(work, JobState.SUCCEEDED, prepared=prepared())).accepted


async def test_a_heartbeat_that_comes_before_the_sweeps_verdict_saves_the_attempt(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with (
        staging(bus, nats_server.url, database_url) as stage,
        orchestrating(stage.settings) as collaborators,
    ):
        runner = await stage.runner()
        await stage.trigger(await stage.add_repository())
        work = await stage.next_work()
        await runner.claim(work)
        await end_leases(stage)
        async with collaborators.pool.connection() as connection:
            (lost,) = await list_lost_attempts(connection)
        assert (await runner.heartbeat(work)).fenced == []
        await _end_lost_attempt(collaborators, lost)
        assert (await stage.job(work))["state"] == "starting"
        await end_leases(stage)
        await _end_lost_attempt(collaborators, lost)
        assert (await stage.job(work))["state"] == "queued"


async def test_a_host_joins_is_lost_and_joins_again(stage: Stage) -> None:
    runner = await stage.runner(slots=3)
    await runner.heartbeat(slots=3)

    async def is_lost() -> bool:
        return any(event.type == "runner.lost" for event in await stage.events())

    await eventually(is_lost, "the host is lost")
    (row,) = await stage.rows("SELECT is_alive, slots FROM api.runners")
    assert row == {"is_alive": False, "slots": 3}
    await runner.heartbeat(slots=2)
    (row,) = await stage.rows("SELECT is_alive, slots FROM api.runners")
    assert row == {"is_alive": True, "slots": 2}
    await stage.wait_for_empty_outbox()
    seen = [(event.type, event.slots) for event in await stage.events() if event.type.startswith("runner.")]
    assert seen[:3] == [("runner.joined", 3), ("runner.lost", 3), ("runner.joined", 2)]


async def test_after_an_outage_of_the_bus_living_hosts_keep_what_they_hold(
    stage: Stage, nats_server: NatsServer
) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.claim(work)
    nats_server.kill()
    await end_leases(stage)

    async def many_sweeps() -> bool:
        rows = await stage.rows(
            "SELECT count(*) FILTER (WHERE lease_until < now() - interval '2 seconds') AS old FROM orchestrator.attempts"
        )
        return rows[0]["old"] == 1

    await eventually(many_sweeps, "the lease is over for long")
    nats_server.start()
    assert (await runner.heartbeat(work)).fenced == []
    assert (await runner.ended(work, JobState.SUCCEEDED, prepared=prepared())).accepted
