"""What a forge's deliveries mean to the orchestrator that are no new commits: buttons that run checks again."""

from typing import Any

from orchestrator_stage import SHA, Stage
from tisktask_common.events import Change, Repository, RerunAsked, RunCreated, TriggerReceived
from tisktask_common.ids import RunId, trigger_id
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import RemoveRepository


async def press_rerun(stage: Stage, repository: Repository, delivery: str, sha: str = SHA, **asked: str) -> None:
    event = TriggerReceived(
        trigger_id=trigger_id(repository.id, delivery),
        repository=repository,
        delivery=delivery,
        change=Change(event="check_run", action="rerequested", sha=sha, ref="refs/heads/main", actor="ada"),
        rerun=RerunAsked(**asked),
    )
    await stage.bus.publish_event(event)


async def reruns(stage: Stage) -> list[dict[str, Any]]:
    """What was made of older runs, once all triggers are taken."""
    await stage.wait_until_triggers_are_taken()
    return await stage.rows("SELECT rerun_of, number FROM api.reruns ORDER BY number")


async def ended_run(stage: Stage, **change: Any) -> tuple[Repository, RunId, dict[str, Any]]:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await stage.trigger(repository, **change)
    await runner.prepare(await stage.next_work(), "lint", "test")
    for state in (JobState.SUCCEEDED, JobState.FAILED):
        await runner.run(await stage.next_work(), state, exit_code=int(state is JobState.FAILED))
    jobs = await stage.rows("SELECT id, name, run_id FROM api.jobs WHERE kind = 'program'")
    return repository, RunId(jobs[0]["run_id"]), {job["name"]: job["id"] for job in jobs}


async def test_the_button_runs_the_commits_runs_again_and_a_repeated_delivery_no_more(stage: Stage) -> None:
    repository, run, _ = await ended_run(stage)
    await press_rerun(stage, repository, "b1")
    await press_rerun(stage, repository, "b1")
    assert await reruns(stage) == [{"rerun_of": run, "number": 2}]
    await stage.next_work()
    created = [event for event in await stage.events() if isinstance(event, RunCreated)]
    assert created[-1].rerun_of == run
    assert (await stage.rows("SELECT count(*) AS triggers FROM orchestrator.triggers"))[0]["triggers"] == 1


async def test_the_button_of_one_job_runs_that_job_again(stage: Stage) -> None:
    repository, run, jobs = await ended_run(stage)
    await press_rerun(stage, repository, "b1", external_id=jobs["lint"])
    assert await reruns(stage) == [{"rerun_of": run, "number": 2}]
    states = await stage.rows(
        "SELECT job.name, job.state FROM api.jobs AS job JOIN api.runs AS run ON run.id = job.run_id "
        "WHERE run.number = 2 AND kind = 'program' ORDER BY name"
    )
    assert [(row["name"], row["state"]) for row in states] == [("lint", "queued"), ("test", "failed")]


async def test_a_run_that_is_at_work_is_not_made_again(stage: Stage) -> None:
    await stage.runner()
    repository = await stage.add_repository()
    await stage.trigger(repository)
    await stage.next_work()
    await press_rerun(stage, repository, "b1")
    assert await reruns(stage) == []


async def test_the_button_reaches_no_other_commit_and_no_other_repository(stage: Stage) -> None:
    repository, run, jobs = await ended_run(stage)
    other = await stage.add_repository("octo/other")
    await press_rerun(stage, other, "b1", external_id=jobs["lint"])
    await press_rerun(stage, other, "b2", external_id=run)
    await press_rerun(stage, repository, "b3", sha="b" * 40, external_id=run)
    assert await reruns(stage) == []
    await stage.bus.request(RemoveRepository(repository_id=repository.id))
    await press_rerun(stage, repository, "b4")
    assert await reruns(stage) == []
