"""A person pauses runners: they are given no room, hear of it, and it holds until it is taken back."""

import pytest

from orchestrator_stage import Stage, TestRunner, eventually, orchestrating
from tisktask_common.errors import NotFoundError
from tisktask_common.job_requests import News
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import Accepted, AttemptRef, Heartbeat, HeartbeatReply
from tisktask_common.runner_pauses import PauseRunner
from tisktask_common.subjects import news_subject


async def pause(stage: Stage, runner: str = "host", replica: str = "", *, is_paused: bool = True) -> Accepted:
    return await stage.bus.request(PauseRunner(runner=runner, replica=replica, is_paused=is_paused))


async def beat(runner: TestRunner, *held: AttemptRef, replica: str = "r1", has_paused: bool = False) -> HeartbeatReply:
    request = Heartbeat(
        runner=runner.name, replica=replica, slots=4, pool="default", attempts=list(held), has_paused=has_paused
    )
    return await runner.bus.request(request)


async def test_a_paused_host_hears_it_is_given_no_work_and_gets_it_when_it_is_resumed(stage: Stage) -> None:
    runner = await stage.runner()
    assert (await pause(stage)).accepted
    assert (await beat(runner)).is_paused
    repository = await stage.add_repository()
    await stage.trigger(repository)

    async def waits() -> bool:
        return bool(await stage.rows("SELECT id FROM api.jobs WHERE state = 'queued'"))

    await eventually(waits, "the run's preparation")
    for _ in range(3):
        assert (await beat(runner)).is_paused
    assert await stage.work_left() == 0
    assert (await pause(stage, is_paused=False)).accepted
    assert not (await beat(runner)).is_paused
    assert await stage.next_work()


async def test_what_runs_on_a_paused_host_keeps_its_lease_and_ends_as_ever(stage: Stage) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build")
    assert (await runner.claim(works["build"])).granted
    assert (await runner.began(works["build"])).accepted
    await pause(stage)
    reply = await beat(runner, works["build"])
    assert (reply.is_paused, reply.stop, reply.fenced) == (True, [], [])
    assert (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted
    await stage.wait_for_run(run, "succeeded")


async def test_a_pause_outlives_the_orchestrator_and_the_host(stage: Stage) -> None:
    runner = await stage.runner()
    await pause(stage)
    async with orchestrating(stage.settings):
        # Some of these are answered by the one, some by the other; a new process of the host has another replica's name.
        for number in range(6):
            assert (await beat(runner, replica=f"r{number}")).is_paused


async def test_one_replica_can_be_paused_alone(stage: Stage) -> None:
    runner = await stage.runner()
    await beat(runner, replica="r2")
    await pause(stage, replica="r2")
    assert not (await beat(runner, replica="r1")).is_paused
    assert (await beat(runner, replica="r2")).is_paused
    await pause(stage)
    refused = await pause(stage, replica="r2", is_paused=False)
    assert (refused.accepted, refused.reason) == (False, "all of host is paused: resume it without naming a replica")
    assert (await pause(stage, is_paused=False)).accepted
    assert not (await beat(runner, replica="r2")).is_paused


async def test_a_host_is_told_at_once(stage: Stage) -> None:
    runner = await stage.runner()
    subscription = await runner.bus.client.subscribe(news_subject("host"))
    await runner.bus.client.flush()
    await pause(stage)
    message = await subscription.next_msg(timeout=5)
    assert News.model_validate_json(message.data).scope == "host"


async def test_a_replica_counts_as_stopped_only_when_it_says_so_after_the_pause(stage: Stage) -> None:
    runner = await stage.runner()

    async def has_paused() -> bool:
        (row,) = await stage.rows("SELECT has_paused FROM api.paused_runners")
        return row["has_paused"]

    await pause(stage)
    await beat(runner)
    assert not await has_paused()
    await beat(runner, has_paused=True)
    assert await has_paused()
    await pause(stage, is_paused=False)
    assert await stage.rows("SELECT has_paused FROM api.paused_runners") == []
    await pause(stage)
    assert not await has_paused()


async def test_an_unknown_runner_can_not_be_paused_and_one_at_work_not_resumed(stage: Stage) -> None:
    await stage.runner()
    with pytest.raises(NotFoundError, match="runner nobody is not known"):
        await pause(stage, "nobody")
    with pytest.raises(NotFoundError, match="host has no replica r9"):
        await pause(stage, replica="r9")
    assert (await pause(stage, is_paused=False)).reason == "it was not paused"
