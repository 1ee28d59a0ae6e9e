"""Who gets an attempt, on what terms, and who is refused."""

import asyncio

import pytest

from orchestrator_stage import SHA, Stage, orchestrating
from tisktask_common.errors import NotFoundError, RefusedError, UserError
from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.rpc import AttemptRef, ClaimJob, Limits


async def test_of_many_claimers_one_wins(stage: Stage) -> None:
    runners = [await stage.runner(f"host{number}") for number in range(4)]
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    async with orchestrating(stage.settings):
        grants = await asyncio.gather(*(runner.claim(work) for runner in runners))
    winners = [runner for runner, grant in zip(runners, grants, strict=True) if grant.granted]
    assert len(winners) == 1
    assert all("not to be claimed" in grant.reason for grant in grants if not grant.granted)
    (attempt,) = await stage.rows("SELECT runner FROM api.attempts")
    assert attempt["runner"] == winners[0].name


async def test_a_grant_says_all_that_a_runner_needs(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository(sealed_token=await stage.seal("hush"), api_url="https://forge.example/api")
    trigger = await stage.trigger(repository, "delivery-1", actor="ada")
    work = await stage.next_work()
    grant = await runner.claim(work)
    spec = grant.spec
    assert spec
    assert grant.lease_seconds == 14
    assert (spec.job_id, spec.attempt, spec.kind, spec.name) == (work.job_id, 1, JobKind.PREPARE, "prepare")
    assert (spec.run_number, spec.repository, spec.trigger_id) == (1, repository, trigger.trigger_id)
    assert (spec.delivery, spec.change.actor, spec.change.sha) == ("delivery-1", "ada", SHA)
    assert spec.clone_url == "https://forge.example/octo/demo.git"
    assert spec.api_url == "https://forge.example/api"
    assert spec.page_url == f"http://127.0.0.1:4000/runs/{spec.run_id}"
    assert spec.program is None
    assert spec.limits == Limits(
        cpus=2, memory_bytes=2 * 1024**3, pids=1024, seconds=3600, log_bytes=256 * 1024**2, grace_seconds=10
    )
    assert spec.sealed_token
    assert runner.keys.open(spec.sealed_token).get_secret_value() == "hush"


async def test_nobody_speaks_for_another_runner(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    impostor = await stage.runner("other")
    impostor.name = "host"
    for ask in (
        impostor.claim(work),
        impostor.began(work),
        impostor.ended(work, JobState.FAILED),
        impostor.heartbeat(),
    ):
        with pytest.raises(RefusedError, match="runner-other may not speak for the runner host"):
            await ask
    assert (await stage.job(work))["state"] == "queued"
    assert (await runner.claim(work)).granted


async def test_a_claim_with_a_useless_key_leaves_the_job_in_the_queue(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    with pytest.raises(UserError, match="public_key"):
        await runner.bus.request(ClaimJob(job_id=work.job_id, attempt=1, runner="host", public_key="nonsense"))
    assert (await stage.job(work))["state"] == "queued"


async def test_a_job_that_is_not_there_is_not_found(stage: Stage) -> None:
    runner = await stage.runner()
    with pytest.raises(NotFoundError, match="job_none"):
        await runner.claim(AttemptRef(job_id=JobId("job_none"), attempt=1))


async def test_stale_attempts_are_refused(stage: Stage) -> None:
    runner, other = await stage.runner(), await stage.runner("other")
    run, works = await stage.start_run(runner, "build")
    work = works["build"]
    await runner.claim(work)
    for stranger, attempt in ((other, work), (runner, work.model_copy(update={"attempt": 2}))):
        assert not (await stranger.claim(attempt)).granted
        assert not (await stranger.began(attempt)).accepted
        assert not (await stranger.ended(attempt, JobState.SUCCEEDED)).accepted
        assert (await stranger.heartbeat(attempt)).fenced == [attempt]
    assert (await stage.job(work))["state"] == "starting"
    assert (await runner.ended(work, JobState.SUCCEEDED)).accepted
    assert not (await runner.claim(work)).granted
    assert not (await runner.began(work)).accepted
    assert not (await runner.ended(work, JobState.FAILED)).accepted
    assert await stage.run_state(run) == "succeeded"


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.STARTING, JobState.RUNNING, JobState.SKIPPED])
async def test_only_an_end_can_be_reported_as_an_end(stage: Stage, state: JobState) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.claim(work)
    with pytest.raises(UserError, match=state):
        await runner.ended(work, state)
