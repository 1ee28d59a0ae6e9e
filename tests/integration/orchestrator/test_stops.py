"""Runs and jobs are ended before their time: by a person, or by a time limit."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.msg import Msg

from nats_server import NatsServer
from orchestrator_stage import Stage, prepared, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import CancelJob, CancelRun
from tisktask_common.rpc import StopOrder
from tisktask_common.subjects import control_subject


@pytest.fixture
async def orders(bus: Bus) -> asyncio.Queue[StopOrder]:
    """What the host `host` is told at once."""
    queue: asyncio.Queue[StopOrder] = asyncio.Queue()

    async def take(message: Msg) -> None:
        queue.put_nowait(StopOrder.model_validate_json(message.data))

    await bus.client.subscribe(control_subject("host"), cb=take)
    await bus.client.flush()
    return queue


async def test_a_run_that_waits_is_cancelled_at_once(stage: Stage) -> None:
    await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    (row,) = await stage.rows("SELECT id FROM api.runs")
    assert (await stage.bus.request(CancelRun(run_id=row["id"], actor="ada"))).accepted
    run = await stage.wait_for_run(row["id"], "cancelled")
    assert run["reason"] == "Cancelled by ada."
    assert run["cancel_requested_at"] is not None
    assert (await stage.job(work))["state"] == "cancelled"
    assert not (await stage.bus.request(CancelRun(run_id=row["id"]))).accepted


async def test_a_running_run_is_stopped_by_its_runner(stage: Stage, orders: asyncio.Queue[StopOrder]) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build", "test", "waits")
    for name in ("build", "test"):
        await runner.claim(works[name])
        await runner.began(works[name])
    assert (await stage.bus.request(CancelRun(run_id=run, actor="ada"))).accepted
    assert (await stage.bus.request(CancelRun(run_id=run, actor="eve"))).accepted
    assert (await stage.job(works["waits"]))["state"] == "cancelled"
    told = [await asyncio.wait_for(orders.get(), 5) for _ in range(2)]
    assert {order.job_id for order in told} == {works["build"].job_id, works["test"].job_id}
    reply = await runner.heartbeat(works["build"], works["test"])
    assert sorted(reply.stop, key=lambda order: order.job_id) == sorted(told, key=lambda order: order.job_id)
    assert (told[0].state, told[0].reason) == (JobState.CANCELLED, "Cancelled by ada.")
    assert not (await runner.claim(works["waits"])).granted
    # One succeeded before it heard of it; the other ended by the signal, which is no failure of its own.
    assert (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted
    assert await stage.run_state(run) == "running"
    assert (await runner.ended(works["test"], JobState.FAILED, signal=15)).accepted
    row = await stage.wait_for_run(run, "cancelled")
    assert row["reason"] == "Cancelled by ada."
    job = await stage.job(works["test"])
    assert (job["state"], job["signal"], job["reason"]) == ("cancelled", 15, "Cancelled by ada.")


async def test_a_run_that_is_cancelled_while_it_is_prepared_gets_no_jobs(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.claim(work)
    await runner.began(work)
    (row,) = await stage.rows("SELECT id FROM api.runs")
    await stage.bus.request(CancelRun(run_id=row["id"]))
    assert (await runner.ended(work, JobState.SUCCEEDED, prepared=prepared("build"))).accepted
    await stage.wait_for_run(row["id"], "cancelled")
    assert await stage.rows("SELECT id FROM api.jobs WHERE kind = 'program'") == []


async def test_one_job_is_cancelled_and_the_others_go_on(stage: Stage, orders: asyncio.Queue[StopOrder]) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build", "test", "waits")
    await runner.claim(works["build"])
    assert (await stage.bus.request(CancelJob(job_id=works["waits"].job_id))).accepted
    assert (await stage.job(works["waits"]))["state"] == "cancelled"
    assert (await stage.bus.request(CancelJob(job_id=works["build"].job_id))).accepted
    assert (await asyncio.wait_for(orders.get(), 5)).job_id == works["build"].job_id
    assert not (await runner.claim(works["build"])).granted
    assert (await runner.ended(works["build"], JobState.CANCELLED)).accepted
    await runner.run(works["test"])
    row = await stage.wait_for_run(run, "cancelled")
    assert row["reason"] == "2 of 3 jobs were cancelled: build, waits."
    answer = await stage.bus.request(CancelJob(job_id=works["test"].job_id))
    assert (answer.accepted, answer.reason) == (False, "the job has ended already: succeeded")


async def test_what_is_not_there_can_not_be_cancelled(stage: Stage) -> None:
    with pytest.raises(NotFoundError, match="run_none"):
        await stage.bus.request(CancelRun(run_id=RunId("run_none")))
    with pytest.raises(NotFoundError, match="job_none"):
        await stage.bus.request(CancelJob(job_id=JobId("job_none")))


@pytest.fixture
async def hasty(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """Short patience with runners that do not stop what they should; long leases otherwise."""
    async with staging(
        bus, nats_server.url, database_url, job_seconds_max=1, job_grace_seconds=0, lease_seconds=1
    ) as stage:
        yield stage


async def test_a_job_that_takes_too_long_is_stopped(hasty: Stage, orders: asyncio.Queue[StopOrder]) -> None:
    runner = await hasty.runner()
    await hasty.trigger(await hasty.add_repository())
    work = await hasty.next_work()
    await runner.claim(work)
    await runner.began(work)

    async def hear() -> StopOrder:
        while orders.empty():
            await runner.heartbeat(work)
            await asyncio.sleep(0.1)
        return orders.get_nowait()

    order = await asyncio.wait_for(hear(), 15)
    assert (order.state, order.reason) == (JobState.TIMED_OUT, "The job took longer than 1 seconds, its limit.")
    assert (await runner.ended(work, JobState.TIMED_OUT)).accepted
    (run,) = await hasty.rows("SELECT state, reason FROM api.runs")
    assert run == {"state": "timed_out", "reason": order.reason}


async def test_a_runner_that_does_not_stop_a_job_loses_it(hasty: Stage) -> None:
    runner = await hasty.runner()
    run, works = await hasty.start_run(runner, "build")
    await runner.claim(works["build"])
    await runner.began(works["build"])
    await hasty.bus.request(CancelRun(run_id=run))

    async def live_on() -> None:
        while not (await runner.heartbeat(works["build"])).fenced:
            await asyncio.sleep(0.1)

    await asyncio.wait_for(live_on(), 15)
    job = await hasty.wait_for_job(works["build"], "cancelled")
    assert job["reason"] == "Cancelled. The runner host did not say that it stopped the job."
    await hasty.wait_for_run(run, "cancelled")
    assert not (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted


async def test_a_lost_job_that_was_cancelled_is_cancelled(hasty: Stage) -> None:
    runner = await hasty.runner()
    run, works = await hasty.start_run(runner, "build")
    await runner.claim(works["build"])
    await hasty.bus.request(CancelRun(run_id=run))
    await hasty.wait_for_run(run, "cancelled")
    assert (await hasty.job(works["build"]))["attempt"] == 1


async def test_a_run_that_takes_too_long_is_ended(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, run_seconds_max=1.5) as stage:
        await stage.trigger(await stage.add_repository())

        async def ended() -> list[dict[str, object]]:
            return await stage.rows("SELECT id FROM api.runs")

        while not (rows := await ended()):
            await asyncio.sleep(0.02)
        run = await stage.wait_for_run(RunId(str(rows[0]["id"])), "timed_out")
        assert run["reason"] == "The run took longer than 1.5 seconds, its limit."
        assert run["cancel_requested_at"] is None
        (job,) = await stage.rows("SELECT state FROM api.jobs")
        assert job["state"] == "timed_out"
