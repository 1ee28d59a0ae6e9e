"""Jobs whose files have not changed: skipped, each with an end of its own, so that no check waits for them."""

from orchestrator_stage import Stage, TestRunner
from tisktask_common.events import JobFinished, JobQueued, RunFinished
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunJob
from tisktask_common.rpc import Prepared, Program


def program(name: str, skip_reason: str = "") -> Program:
    return Program(name=name, path=f".tisktask/push/{name}", skip_reason=skip_reason)


async def prepare(stage: Stage, runner: TestRunner, *programs: Program) -> RunId:
    repository = await stage.add_repository()
    await stage.trigger(repository)
    await runner.run(await stage.next_work(), prepared=Prepared(programs=list(programs)))
    (row,) = await stage.rows("SELECT id FROM api.runs")
    return RunId(row["id"])


async def test_a_filtered_job_ends_at_once_and_the_others_run(stage: Stage) -> None:
    runner = await stage.runner()
    run = await prepare(stage, runner, program("docs", "No file of docs/ has changed."), program("test"))
    work = await stage.next_work()
    await runner.run(work)
    await stage.wait_for_run(run, "succeeded")
    rows = await stage.rows(
        "SELECT name, state, reason, result, runner FROM api.jobs WHERE kind = 'program' ORDER BY name"
    )
    skipped = {"name": "docs", "state": "skipped", "reason": "No file of docs/ has changed.", "result": "skipped"}
    assert rows[0] == skipped | {"runner": None}
    assert rows[1]["state"] == "succeeded"
    events = await stage.events()
    ends = {event.name: event for event in events if isinstance(event, JobFinished)}
    assert (ends["docs"].job_state, ends["docs"].is_concluded) == (JobState.SKIPPED, True)
    assert "docs" not in [event.name for event in events if isinstance(event, JobQueued)]
    (finished,) = [event for event in events if isinstance(event, RunFinished)]
    assert finished.jobs_by_state == {JobState.SKIPPED: 1, JobState.SUCCEEDED: 1}


async def test_a_run_all_of_whose_jobs_are_filtered_is_skipped(stage: Stage) -> None:
    runner = await stage.runner()
    run = await prepare(stage, runner, program("docs", "No."), program("test", "No."))
    row = await stage.wait_for_run(run, "skipped")
    assert "paths=" in row["reason"]
    assert [job["state"] for job in await stage.rows("SELECT state FROM api.jobs WHERE kind = 'program'")] == [
        "skipped",
        "skipped",
    ]
    assert await stage.work_left() == 0


async def test_a_person_can_have_a_filtered_job_run(stage: Stage) -> None:
    runner = await stage.runner()
    run = await prepare(stage, runner, program("docs", "No."), program("test"))
    await runner.run(await stage.next_work())
    await stage.wait_for_run(run, "succeeded")
    (job,) = await stage.rows("SELECT id FROM api.jobs WHERE name = 'docs'")
    made = await stage.bus.request(RerunJob(job_id=job["id"], actor="ada", request_id="q"))
    await runner.run(await stage.next_work())
    await stage.wait_for_run(made.run_id, "succeeded")
    rows = await stage.rows("SELECT name, state FROM api.jobs WHERE run_id = %s ORDER BY name", made.run_id)
    assert [(row["name"], row["state"]) for row in rows] == [
        ("docs", "succeeded"),
        ("prepare", "succeeded"),
        ("test", "succeeded"),
    ]
