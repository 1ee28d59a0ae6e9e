"""A run that has ended is run again, whole or in part: as a new run, while the old one keeps its end."""

import asyncio
from typing import Any

import pytest

from orchestrator_family import begin, begin_child
from orchestrator_stage import Stage, TestRunner, prepared
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.events import JobFinished, RunCreated, RunFinished, RunPrepared
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.orders import RerunJob, RerunMode, RerunRun, RunMade
from tisktask_common.rpc import AttemptRef, Policy, Prepared, Program, RemoveRepository

OK, BAD = JobState.SUCCEEDED, JobState.FAILED


async def ended_run(stage: Stage, runner: TestRunner, **ends: JobState) -> tuple[RunId, dict[str, AttemptRef]]:
    """A run whose programs have ended so."""
    run, works = await stage.start_run(runner, *ends)
    for name, state in ends.items():
        await runner.run(works[name], state, exit_code=0 if state is OK else 3)
    return run, works


async def rerun(stage: Stage, run: RunId, mode: RerunMode = RerunMode.FAILED, request_id: str = "q") -> RunMade:
    return await stage.bus.request(RerunRun(run_id=run, mode=mode, actor="ada", request_id=request_id))


async def rerun_job(stage: Stage, job: JobId, request_id: str = "q") -> RunMade:
    return await stage.bus.request(RerunJob(job_id=job, actor="ada", request_id=request_id))


async def jobs_of(stage: Stage, run: RunId) -> dict[str, dict[str, Any]]:
    rows = await stage.rows(
        "SELECT * FROM api.jobs LEFT JOIN api.carried_jobs ON job_id = id WHERE run_id = %s ORDER BY id", run
    )
    return {row["name"]: row for row in rows}


async def test_a_whole_rerun_is_a_new_run_of_the_same_change_that_is_prepared_again(stage: Stage) -> None:
    runner = await stage.runner()
    old, _ = await ended_run(stage, runner, build=OK)
    before = await stage.wait_for_run(old, "succeeded")
    made = await rerun(stage, old, RerunMode.ALL)
    assert (made.number, made.is_new) == (2, True)
    await runner.prepare(await stage.next_work(), "build", "added")
    for _ in range(2):
        await runner.run(await stage.next_work())
    new = await stage.wait_for_run(made.run_id, "succeeded")
    same = {"trigger_id", "delivery", "sha", "ref", "branch", "event", "title", "actor", "repository_id"}
    assert {name: new[name] for name in same} == {name: before[name] for name in same}
    assert set(await jobs_of(stage, made.run_id)) == {"prepare", "build", "added"}
    assert await stage.wait_for_run(old, "succeeded") == before
    assert await stage.rows("SELECT * FROM api.reruns") == [
        {"run_id": made.run_id, "number": 2, "rerun_of": old, "rerun_of_number": 1}
    ]
    created = [event for event in await stage.events() if isinstance(event, RunCreated)]
    assert [(event.run_id, event.rerun_of) for event in created] == [(old, None), (made.run_id, old)]


async def test_what_had_succeeded_is_carried_over_and_only_the_rest_runs_again(stage: Stage) -> None:
    runner = await stage.runner()
    old, works = await ended_run(stage, runner, build=OK, lint=BAD, test=BAD)
    made = await rerun(stage, old)
    jobs = await jobs_of(stage, made.run_id)
    assert {name: job["state"] for name, job in jobs.items()} == {
        "prepare": "succeeded", "build": "succeeded", "lint": "queued", "test": "queued",
    }  # fmt: skip
    kept, origin = jobs["build"], await stage.job(works["build"])
    assert (kept["reason"], kept["exit_code"], kept["carried_from"]) == ("Carried over from run #1.", 0, origin["id"])
    assert (kept["carried_from_run"], kept["started_at"], kept["result"]) == (old, origin["started_at"], "succeeded")
    assert await stage.run_state(made.run_id) == "running"
    again = [await stage.next_work() for _ in range(2)]
    assert {work.job_id for work in again} == {jobs["lint"]["id"], jobs["test"]["id"]}
    for work in again:
        await runner.run(work)
    await stage.wait_for_run(made.run_id, "succeeded")
    assert await stage.run_state(old) == "failed"


async def test_a_carried_job_is_told_as_ended_and_says_where_it_ran(stage: Stage) -> None:
    runner = await stage.runner()
    old, works = await ended_run(stage, runner, build=OK, lint=BAD)
    made = await rerun(stage, old)
    await runner.run(await stage.next_work())
    events = [event for event in await stage.events() if getattr(event, "run_id", None) == made.run_id]
    ended = {event.name: event for event in events if isinstance(event, JobFinished) and event.kind is JobKind.PROGRAM}
    assert (ended["build"].carried_from, ended["build"].job_state) == (works["build"].job_id, OK)
    assert (ended["build"].is_concluded, ended["lint"].carried_from) == (True, None)
    assert [event.jobs for event in events if isinstance(event, RunPrepared)] == [["build", "lint"]]
    (end,) = [event for event in events if isinstance(event, RunFinished)]
    assert end.jobs_by_state == {OK: 2}
    revisions = [getattr(event, "revision", 0) for event in events]
    assert revisions == list(range(1, len(events) + 1))


async def test_a_rerun_of_a_rerun_names_the_run_in_which_a_job_has_run(stage: Stage) -> None:
    runner = await stage.runner()
    old, works = await ended_run(stage, runner, build=OK, lint=BAD)
    second = await rerun(stage, old)
    await runner.run(await stage.next_work(), BAD)
    third = await rerun(stage, second.run_id)
    build = (await jobs_of(stage, third.run_id))["build"]
    assert (build["reason"], build["carried_from"]) == ("Carried over from run #1.", works["build"].job_id)
    assert third.number == 3


async def test_a_job_keeps_what_its_program_asked_for_through_reruns(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    policy = Policy(retries=2, on_codes=[75], on_lost=True, seconds_max=60)
    programs = [Program(name=name, path=f".tisktask/push/{name}", policy=policy) for name in ("build", "lint")]
    await runner.run(await stage.next_work(), prepared=Prepared(programs=programs))
    works = [await stage.next_work() for _ in range(2)]
    await runner.run(works[0])
    await runner.run(works[1], BAD, exit_code=1)
    made = await rerun(stage, RunId((await stage.job(works[0]))["run_id"]))
    found = await stage.rows(
        "SELECT retries, retry_on_lost, retry_codes, seconds_max FROM orchestrator.jobs"
        " WHERE run_id = %s AND kind = 'program'",
        made.run_id,
    )
    assert found == [{"retries": 2, "retry_on_lost": True, "retry_codes": [75], "seconds_max": 60}] * 2


async def test_one_job_is_run_again_and_the_others_keep_their_ends_good_and_bad(stage: Stage) -> None:
    runner = await stage.runner()
    _, works = await ended_run(stage, runner, build=OK, lint=BAD, test=BAD)
    made = await rerun_job(stage, works["lint"].job_id)
    jobs = await jobs_of(stage, made.run_id)
    assert (jobs["lint"]["state"], jobs["test"]["state"], jobs["test"]["exit_code"]) == ("queued", "failed", 3)
    await runner.run(await stage.next_work())
    ended = await stage.wait_for_run(made.run_id, "failed")
    assert ended["reason"] == "1 of 3 jobs failed: test."


async def test_a_job_whose_child_failed_runs_again_and_starts_its_children_anew(stage: Stage) -> None:
    runner = await stage.runner()
    old, works = await stage.start_run(runner, "build", "lint")
    await runner.run(works["lint"])
    parent = await begin(runner, works["build"])
    child = await parent.spawn("part", is_detached=True)
    await parent.end()
    await (await begin_child(runner, child)).end(BAD)
    await stage.wait_for_run(old, "failed")
    made = await rerun(stage, old)
    jobs = await jobs_of(stage, made.run_id)
    assert {name: job["state"] for name, job in jobs.items()} == {
        "prepare": "succeeded", "build": "queued", "lint": "succeeded",
    }  # fmt: skip
    by_child = await rerun_job(stage, child.job_id, "by child")
    assert (await jobs_of(stage, by_child.run_id))["build"]["state"] == "queued"
    by_other = await rerun_job(stage, works["lint"].job_id, "by other")
    carried = (await jobs_of(stage, by_other.run_id))["build"]
    assert (carried["state"], carried["exit_code"], carried["result"]) == ("failed", None, "failed")


async def test_a_failed_preparation_is_done_again(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    await runner.run(work, BAD, reason="no such commit")
    old = RunId((await stage.job(work))["run_id"])
    made = await rerun(stage, old)
    again = await stage.next_work()
    assert (await stage.job(again))["kind"] == "prepare"
    await runner.run(again, prepared=prepared())
    await stage.wait_for_run(made.run_id, "skipped")
    by_job = await rerun_job(stage, work.job_id, "by job")
    assert list(await jobs_of(stage, by_job.run_id)) == ["prepare"]


async def test_the_same_request_makes_one_run_however_often_it_is_sent(stage: Stage) -> None:
    runner = await stage.runner()
    old, _ = await ended_run(stage, runner, build=BAD)
    made = await asyncio.gather(*(rerun(stage, old, request_id="click") for _ in range(5)))
    assert {(one.run_id, one.number) for one in made} == {(made[0].run_id, 2)}
    assert sorted(one.is_new for one in made) == [False] * 4 + [True]
    assert (await rerun(stage, old, request_id="later")).number == 3
    assert len(await stage.rows("SELECT id FROM api.runs")) == 3


async def test_what_can_not_be_run_again_is_refused_with_the_reason(stage: Stage) -> None:
    runner = await stage.runner()
    old, works = await stage.start_run(runner, "build")
    with pytest.raises(ConflictError, match=r"run #1 has not ended \(it is running\)"):
        await rerun(stage, old)
    with pytest.raises(ConflictError, match="has not ended"):
        await rerun_job(stage, works["build"].job_id)
    await runner.run(works["build"])
    with pytest.raises(ConflictError, match="every job of run #1 has succeeded"):
        await rerun(stage, old)
    with pytest.raises(NotFoundError, match="run_nope"):
        await rerun(stage, RunId("run_nope"))
    with pytest.raises(NotFoundError, match="job_nope"):
        await rerun_job(stage, JobId("job_nope"))
    for request_id in ("", "x" * 101, "a\0b"):
        with pytest.raises(UserError, match="request_id"):
            await rerun(stage, old, request_id=request_id)
    (row,) = await stage.rows("SELECT repository_id FROM api.runs")
    await stage.bus.request(RemoveRepository(repository_id=row["repository_id"]))
    with pytest.raises(ConflictError, match="octo/demo was removed"):
        await rerun(stage, old, RerunMode.ALL)
    assert len(await stage.rows("SELECT id FROM api.runs")) == 1
