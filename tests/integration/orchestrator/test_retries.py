"""Programs that are tried again, as their header comments ask for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_family import begin
from orchestrator_stage import Stage, TestRunner, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.events import AttemptFailed, AttemptLost, JobFinished, JobQueued
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import CancelJob
from tisktask_common.rpc import AttemptRef, Heartbeat, Policy, Prepared, Program

PAUSE_SECONDS = 0.2


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url, retry_pause_seconds=PAUSE_SECONDS) as stage:
        yield stage


@pytest.fixture
async def hasty(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """An orchestrator that notices losses soon."""
    async with staging(bus, nats_server.url, database_url, lease_seconds=2, retry_pause_seconds=0) as stage:
        yield stage


async def start(stage: Stage, runner: TestRunner, **policy: Any) -> AttemptRef:
    """Bring a run to where its only program is on the work stream."""
    await prepare(stage, runner, **policy)
    return await stage.next_work()


async def prepare(stage: Stage, runner: TestRunner, **policy: Any) -> RunId:
    await stage.trigger(await stage.add_repository())
    program = Program(name="build", path=".tisktask/push/build", policy=Policy(**policy))
    await runner.run(await stage.next_work(), prepared=Prepared(programs=[program]))
    (row,) = await stage.rows("SELECT id FROM api.runs")
    return RunId(row["id"])


async def next_attempt(stage: Stage, runner: TestRunner) -> AttemptRef:
    await runner.heartbeat()
    return await stage.next_work()


async def lose(stage: Stage) -> None:
    await stage.rows("UPDATE orchestrator.attempts SET lease_until = now() - interval '1 s' WHERE finished_at IS NULL")


async def attempts(stage: Stage, work: AttemptRef) -> list[tuple[Any, ...]]:
    rows = await stage.rows(
        "SELECT attempt, state, exit_code FROM api.attempts WHERE job_id = %s ORDER BY attempt", work.job_id
    )
    return [tuple(row.values()) for row in rows]


async def test_a_program_that_fails_twice_and_then_succeeds_has_three_attempts(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=2, on_codes=[75])
    for _ in range(2):
        await runner.run(work, JobState.FAILED, exit_code=75, reason="said no")
        work = await next_attempt(stage, runner)
    await runner.run(work, exit_code=0)
    await stage.wait_for_job(work, "succeeded")
    assert await attempts(stage, work) == [(1, "failed", 75), (2, "failed", 75), (3, "succeeded", 0)]
    events = [event for event in await stage.events() if getattr(event, "job_id", None) == work.job_id]
    assert [(one.attempt, one.exit_code, one.reason) for one in events if isinstance(one, AttemptFailed)] == [
        (1, 75, "said no"),
        (2, 75, "said no"),
    ]
    assert [(one.attempt, one.reason, one.delay_seconds) for one in events if isinstance(one, JobQueued)] == [
        (1, "", 0),
        (2, "Attempt 1 of 3 failed with exit code 75; the next follows after a pause of 0.2 s.", PAUSE_SECONDS),
        (3, "Attempt 2 of 3 failed with exit code 75; the next follows after a pause of 0.8 s.", 4 * PAUSE_SECONDS),
    ]
    (run,) = await stage.rows("SELECT state FROM api.runs")
    assert run["state"] == "succeeded"


async def test_between_attempts_there_is_a_pause(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=1)
    await runner.run(work, JobState.FAILED, exit_code=1)
    await next_attempt(stage, runner)
    (row,) = await stage.rows(
        "SELECT dispatched_at >= not_before AND not_before > queued_at AS is_late FROM orchestrator.jobs WHERE id = %s",
        work.job_id,
    )
    assert row["is_late"]


async def test_a_job_with_labels_is_offered_after_the_pause(stage: Stage) -> None:
    runner = await stage.runner()
    await prepare(stage, runner, retries=1, labels=["gpu"])
    beat = Heartbeat(runner=runner.name, replica="r1", slots=4, free=4, pool="default", attempts=[], labels=["gpu"])
    (work,) = (await runner.bus.request(beat)).offers
    await stage.rows("UPDATE orchestrator.jobs SET not_before = now() + interval '1 hour'")
    await runner.run(work, JobState.FAILED, exit_code=1)
    await stage.rows("UPDATE orchestrator.jobs SET not_before = now() + interval '1 hour'")
    assert not (await runner.bus.request(beat)).offers
    await stage.rows("UPDATE orchestrator.jobs SET not_before = now()")
    assert [offer.attempt for offer in (await runner.bus.request(beat)).offers] == [2]


async def test_the_last_attempt_decides(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=1)
    await runner.run(work, JobState.FAILED, exit_code=1)
    again = await next_attempt(stage, runner)
    await runner.run(again, JobState.FAILED, exit_code=2)
    job = await stage.wait_for_job(again, "failed")
    assert (job["exit_code"], job["attempt"]) == (2, 2)
    ends = [event for event in await stage.events() if isinstance(event, JobFinished) and event.job_id == work.job_id]
    assert [end.attempt for end in ends] == [2]


async def test_a_code_that_is_not_named_ends_the_job(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=3, on_lost=True, on_codes=[75])
    await runner.run(work, JobState.FAILED, exit_code=1)
    assert (await stage.wait_for_job(work, "failed"))["attempt"] == 1


async def test_a_report_that_is_repeated_after_the_retry_is_accepted_and_changes_nothing(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=1)
    await runner.run(work, JobState.FAILED, exit_code=1)
    assert (await runner.ended(work, JobState.FAILED, exit_code=1)).accepted
    assert not (await runner.ended(work, JobState.SUCCEEDED)).accepted
    job = await stage.job(work)
    assert (job["state"], job["attempt"]) == ("queued", 2)
    assert job["reason"].startswith("Attempt 1 of 2 failed with exit code 1")


async def test_a_program_that_asks_for_it_is_started_again_after_its_host_was_lost(hasty: Stage) -> None:
    runner = await hasty.runner()
    work = await start(hasty, runner, retries=1, on_lost=True)
    assert (await runner.claim(work)).granted
    assert (await runner.began(work)).accepted
    await lose(hasty)
    again = await next_attempt(hasty, runner)
    assert again.attempt == 2
    assert not (await runner.ended(work, JobState.SUCCEEDED)).accepted
    await runner.run(again)
    await hasty.wait_for_job(work, "succeeded")
    assert [event.attempt for event in await hasty.events() if isinstance(event, AttemptLost)] == [1]
    assert await attempts(hasty, work) == [(1, "errored", None), (2, "succeeded", None)]


async def test_losses_before_the_program_began_do_not_use_its_retries_up(hasty: Stage) -> None:
    runner = await hasty.runner()
    work = await start(hasty, runner, retries=1)
    assert (await runner.claim(work)).granted
    await lose(hasty)
    second = await next_attempt(hasty, runner)
    await runner.run(second, JobState.FAILED, exit_code=1)
    third = await next_attempt(hasty, runner)
    assert (await runner.claim(third)).granted
    await runner.ended(third, JobState.FAILED, exit_code=1)
    assert (await hasty.wait_for_job(work, "failed"))["attempt"] == 3


async def test_what_was_to_stop_is_not_tried_again(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=3)
    assert (await runner.claim(work)).granted
    assert (await runner.began(work)).accepted
    assert (await stage.bus.request(CancelJob(job_id=work.job_id))).accepted
    await runner.ended(work, JobState.FAILED, exit_code=143)
    assert (await stage.wait_for_job(work, "cancelled"))["attempt"] == 1


async def test_a_job_that_waits_for_its_next_attempt_can_be_cancelled(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=3)
    await runner.run(work, JobState.FAILED, exit_code=1)
    assert (await stage.bus.request(CancelJob(job_id=work.job_id))).accepted
    assert (await stage.wait_for_job(work, "cancelled"))["attempt"] == 2
    assert await attempts(stage, work) == [(1, "failed", 1)]


async def test_children_go_on_and_are_found_again_by_their_key(stage: Stage) -> None:
    runner = await stage.runner()
    work = await start(stage, runner, retries=1)
    parent = await begin(runner, work)
    child = await parent.spawn("lint", key="lint")
    await runner.ended(work, JobState.FAILED, exit_code=1)
    works = {(one := await next_attempt(stage, runner)).job_id: one for _ in range(2)}
    again = await begin(runner, works[work.job_id])
    found = await again.spawn("lint", key="lint")
    assert (found.job_id, found.is_new) == (child.job_id, False)
    await runner.run(works[child.job_id])
    await again.end()
    job = await stage.wait_for_job(work, "succeeded")
    assert job["result"] == "succeeded"


async def test_a_timeout_that_no_job_may_have_fails_the_run_with_what_to_do(stage: Stage) -> None:
    runner = await stage.runner()
    run = await prepare(stage, runner, seconds_max=stage.settings.job_seconds_max + 1)
    reason = (await stage.wait_for_run(run, "failed"))["reason"]
    assert ".tisktask/push/build" in reason
    assert "TISKTASK_JOB_SECONDS_MAX" in reason
