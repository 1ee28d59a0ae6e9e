"""Runs from their trigger to their end, driven by a runner that speaks RPC."""

import pytest

from orchestrator_stage import Stage, eventually
from tisktask_common.events import ImageBuilt, JobEvent, JobFinished, RunEvent, RunFinished, RunPrepared
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import BuiltImage, Prepared, Program


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


async def test_a_failed_program_fails_its_run_and_is_named(stage: Stage) -> None:
    runner = await stage.runner()
    run, works = await stage.start_run(runner, "build", "lint", "test")
    await runner.run(works["build"])
    await runner.run(works["lint"], JobState.FAILED, exit_code=3, reason="exit code 3")
    await runner.run(works["test"], JobState.ERRORED, reason="the disk is full")
    row = await stage.wait_for_run(run, "failed")
    assert row["reason"] == "1 of 3 jobs failed: lint."
    job = await stage.job(works["lint"])
    assert (job["state"], job["exit_code"], job["reason"]) == ("failed", 3, "exit code 3")
    (attempt,) = await stage.rows("SELECT * FROM api.attempts WHERE job_id = %s", works["lint"].job_id)
    assert (attempt["state"], attempt["exit_code"], attempt["runner"]) == ("failed", 3, "host")


async def test_a_run_without_programs_is_skipped_with_a_sentence(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    await runner.prepare(await stage.next_work())
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert run["state"] == "skipped"
    assert run["reason"] == "There is no executable file in .tisktask/push/ at this commit."
    assert run["finished_at"] is not None
    types = [event.type for event in await stage.events()]
    assert types[-2:] == ["run.prepared", "run.finished"]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.ERRORED, JobState.TIMED_OUT])
async def test_a_preparation_that_did_not_succeed_ends_its_run(stage: Stage, state: JobState) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    await runner.run(await stage.next_work(), state, reason="Dockerfile: RUN false")
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert (run["state"], run["reason"]) == (state, "Dockerfile: RUN false")


async def test_a_preparation_that_succeeded_without_a_result_is_our_error(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    await runner.run(await stage.next_work(), JobState.SUCCEEDED)
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert run["state"] == "errored"
    assert "not what it found" in run["reason"]


async def test_more_programs_than_allowed_fail_the_run(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    await runner.prepare(await stage.next_work(), *(f"p{number}" for number in range(257)))
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert run["state"] == "failed"
    assert run["reason"] == "There are 257 programs for this event; a run may have 256."
    assert len(await stage.rows("SELECT id FROM api.jobs")) == 1


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "bell\a", ""])
async def test_a_program_whose_name_can_not_be_shown_fails_the_run(stage: Stage, name: str) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    await runner.prepare(await stage.next_work(), "build", name)
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert run["state"] == "failed"
    assert run["reason"].startswith("A program's name can not be used")


async def test_what_the_preparation_found_is_kept_and_told(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    found = Prepared(
        programs=[Program(name="build", path=".tisktask/push/build", build_file="Dockerfile", image_key="k1")],
        warnings=["lint is not executable: chmod +x .tisktask/push/lint", "nul \x00 here"],
        title="Fix the door",
        images_built=[BuiltImage(key="k1", build_file="Dockerfile", seconds=1.5)],
    )
    await runner.run(await stage.next_work(), prepared=found)
    (run,) = await stage.rows("SELECT * FROM api.runs")
    assert run["title"] == "Fix the door"
    assert run["warnings"] == ["lint is not executable: chmod +x .tisktask/push/lint", "nul \ufffd here"]
    events = {event.type: event for event in await stage.events()}
    image, prepared = events["image.built"], events["run.prepared"]
    assert isinstance(image, ImageBuilt)
    assert (image.key, image.duration_seconds, image.change.title) == ("k1", 1.5, "Fix the door")
    assert isinstance(prepared, RunPrepared)
    assert prepared.jobs == ["build"]
    assert prepared.warnings == run["warnings"]
    grant = await runner.claim(await stage.next_work())
    assert grant.spec
    assert grant.spec.program == found.programs[0]


async def test_each_repository_counts_its_own_runs(stage: Stage) -> None:
    one, other = await stage.add_repository("octo/one"), await stage.add_repository("octo/other")
    for number in range(3):
        await stage.trigger(one, f"d{number}")
    await stage.trigger(other, "d0")

    async def all_there() -> bool:
        return len(await stage.rows("SELECT id FROM api.runs")) == 4

    await eventually(all_there, "four runs")
    rows = await stage.rows("SELECT repository, number, delivery FROM api.runs ORDER BY repository, number")
    assert [(row["repository"], row["number"], row["delivery"]) for row in rows] == [
        ("octo/one", 1, "d0"),
        ("octo/one", 2, "d1"),
        ("octo/one", 3, "d2"),
        ("octo/other", 1, "d0"),
    ]


async def test_every_move_is_in_the_history(stage: Stage) -> None:
    runner = await stage.runner()
    _, works = await stage.start_run(runner, "build")
    await runner.run(works["build"])
    rows = await stage.rows(
        "SELECT coalesce(job.name, 'run') AS what, from_state, to_state FROM orchestrator.history AS history"
        " LEFT JOIN orchestrator.jobs AS job ON job.id = history.job_id ORDER BY history.id"
    )
    moves = {
        what: [(row["from_state"], row["to_state"]) for row in rows if row["what"] == what] for what in ("run", "build")
    }
    assert moves["run"] == [
        (None, "staged"),
        ("staged", "preparing"),
        ("preparing", "running"),
        ("running", "succeeded"),
    ]
    assert moves["build"] == [
        (None, "queued"),
        ("queued", "starting"),
        ("starting", "running"),
        ("running", "succeeded"),
    ]
