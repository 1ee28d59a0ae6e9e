"""Runs from their trigger to their end, driven by a runner that speaks RPC."""

from orchestrator_stage import Stage
from tisktask_common.events import JobEvent, JobFinished, RunEvent, RunFinished
from tisktask_common.lifecycle import JobState


async def test_a_run_goes_from_its_trigger_to_success(stage: Stage) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build", "test")
    assert await stage.run_state(run) == "running"
    for work in works.values():
        await runner.run(work, exit_code=0)
    assert await stage.run_state(run) == "succeeded"
    events = [event for event in await stage.events() if isinstance(event, RunEvent)]
    assert [event.revision for event in events] == list(range(1, len(events) + 1))
    assert [(event.type, event.name if isinstance(event, JobEvent) else "") for event in events] == [
        ("run.created", ""),
        ("job.created", "prepare"),
        ("job.queued", "prepare"),
        ("job.claimed", "prepare"),
        ("job.started", "prepare"),
        ("job.finished", "prepare"),
        ("run.prepared", ""),
        ("job.created", "build"),
        ("job.queued", "build"),
        ("job.created", "test"),
        ("job.queued", "test"),
        ("job.claimed", "build"),
        ("run.started", ""),
        ("job.started", "build"),
        ("job.finished", "build"),
        ("job.claimed", "test"),
        ("job.started", "test"),
        ("job.finished", "test"),
        ("run.finished", ""),
    ]
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert finished.jobs_by_state == {JobState.SUCCEEDED: 2}
    last_job = events[-2]
    assert isinstance(last_job, JobFinished)
    assert last_job.exit_code == 0
    (row,) = await stage.rows("SELECT number, revision, started_at, finished_at FROM api.runs")
    assert row["number"] == 1
    assert row["revision"] == len(events)
    assert row["started_at"] < row["finished_at"]
