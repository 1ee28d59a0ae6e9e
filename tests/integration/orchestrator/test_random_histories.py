"""Many actors do anything at any time, through two orchestrators: the promises hold all the same."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, TypeGuard

import pytest

from nats_server import NatsServer
from orchestrator_family import ActingJob, begin
from orchestrator_stage import Stage, TestRunner, eventually, orchestrating, prepared, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.events import JobConcluded, JobFinished, RunEvent, RunFinished
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JOB_ENDS, JOB_MOVES, RUN_ENDS, RUN_MOVES, JobState, RunState
from tisktask_common.orders import CancelJob, CancelRun
from tisktask_common.rpc import AttemptRef
from tisktask_orchestrator.fold import conclude

RUNS = 12
#: Ends that a runner may report; success more often, so that some runs go on.
REPORTS = [JobState.SUCCEEDED] * 4 + [JobState.FAILED, JobState.ERRORED, JobState.CANCELLED, JobState.TIMED_OUT]


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_every_move_is_legal_and_every_run_ends_once(
    bus: Bus, nats_server: NatsServer, database_url: str, seed: int
) -> None:
    async with staging(bus, nats_server.url, database_url) as stage, orchestrating(stage.settings):
        runners = [await stage.runner(f"host{number}", slots=50) for number in range(2)]
        repository = await stage.add_repository()
        for number in range(RUNS):
            await stage.trigger(repository, f"d{number}")

        async def all_there() -> bool:
            return len(await stage.rows("SELECT id FROM api.runs")) == RUNS

        await eventually(all_there, "all runs")
        await set_to_work(stage, runners[0])
        actors = [act(stage, runners, random.Random(f"{seed}-{actor}")) for actor in range(4)]
        await asyncio.gather(*actors)
        await finish(stage, runners[0])
        await check(stage)


async def set_to_work(stage: Stage, runner: TestRunner) -> None:
    """Bring half of the runs to where their programs are at work: by chance few come so far."""
    for job in (await stage.rows("SELECT id FROM api.jobs ORDER BY id"))[: RUNS // 2]:
        await runner.prepare(AttemptRef(job_id=JobId(job["id"]), attempt=1), "p0", "p1")
    for job in await stage.rows("SELECT id FROM api.jobs WHERE kind = 'program'"):
        work = AttemptRef(job_id=JobId(job["id"]), attempt=1)
        await begin(runner, work)
        await ActingJob(runner, work).spawn(key="first")


async def act(stage: Stage, runners: list[TestRunner], chance: random.Random) -> None:
    for _ in range(60):
        jobs = await stage.rows("SELECT id, run_id, attempt, runner FROM api.jobs")
        job = chance.choice(jobs)
        work = AttemptRef(job_id=JobId(job["id"]), attempt=chance.choice([job["attempt"]] * 3 + [1, 2]))
        holders = [one for one in runners if one.name == job["runner"]]
        await tolerate(choose(stage, chance.choice(runners + holders * 2), work, RunId(job["run_id"]), chance))


def choose(stage: Stage, runner: TestRunner, work: AttemptRef, run: RunId, chance: random.Random) -> Awaitable[object]:
    programs = prepared(*(f"p{number}" for number in range(chance.randrange(4))))
    actions: list[tuple[int, Awaitable[object]]] = [
        (8, runner.claim(work)),
        (6, runner.began(work)),
        (6, runner.ended(work, chance.choice(REPORTS), prepared=programs)),
        (2, runner.heartbeat(work, slots=50)),
        (
            2,
            stage.rows(
                "UPDATE orchestrator.attempts SET lease_until = now() - interval '1 minute' WHERE job_id = %s",
                work.job_id,
            ),
        ),
        (1, stage.bus.request(CancelJob(job_id=work.job_id))),
        (1, stage.bus.request(CancelRun(run_id=run))),
        (8, act_as_job(ActingJob(runner, work), chance)),
    ]
    (chosen,) = chance.choices([action for _, action in actions], [weight for weight, _ in actions])
    for _, action in actions:
        if action is not chosen:
            action.close()  # type: ignore[attr-defined]
    return chosen


async def act_as_job(job: ActingJob, chance: random.Random) -> None:
    """Ask for what a job may ask for; most of those who ask hold nothing."""
    with contextlib.suppress(UserError):
        match chance.randrange(8):
            case 0:
                await job.stop(chance.choice([item.job_id for item in (await job.read_page()).items]))
            case 1 if chance.random() < 0.3:
                await job.end_run(chance.choice([JobState.CANCELLED, JobState.FAILED]))
            case _:
                detached, may_fail = chance.random() < 0.3, chance.random() < 0.3
                await job.spawn(key=str(chance.randrange(9)), is_detached=detached, may_fail=may_fail)


async def tolerate(action: Awaitable[object]) -> None:
    try:
        await action
    except InfrastructureError as error:  # nothing fails here: no part is away
        raise AssertionError from error


async def finish(stage: Stage, runner: TestRunner) -> None:
    """Cancel what is left; report for whoever holds it."""

    async def is_over() -> bool:
        for run in await stage.rows("SELECT id FROM api.runs WHERE finished_at IS NULL"):
            await stage.bus.request(CancelRun(run_id=run["id"]))
        for job in await stage.rows("SELECT id, attempt, runner FROM api.jobs WHERE state IN ('starting', 'running')"):
            holder = next(one for one in stage.runners if one.name == job["runner"])
            await holder.ended(AttemptRef(job_id=job["id"], attempt=job["attempt"]), JobState.CANCELLED)
        return not await stage.rows("SELECT id FROM api.runs WHERE finished_at IS NULL")

    await eventually(is_over, "all runs are over")


async def check(stage: Stage) -> None:
    await check_history(stage)
    assert await stage.rows("SELECT id FROM api.jobs WHERE finished_at IS NULL") == []
    assert await stage.rows("SELECT job_id FROM api.attempts WHERE finished_at IS NULL") == []
    by_run: dict[str, list[RunEvent]] = defaultdict(list)
    told = [event for event in await stage.events() if isinstance(event, RunEvent)]
    for event in told:
        by_run[event.run_id].append(event)
    await check_families(stage, told)
    runs = await stage.rows("SELECT id, state, revision FROM api.runs")
    assert len(runs) == RUNS
    for run in runs:
        events = by_run[run["id"]]
        assert [event.revision for event in events] == list(range(1, run["revision"] + 1))
        assert run["state"] in RUN_ENDS
        assert [event.state for event in events if isinstance(event, RunFinished)] == [run["state"]]
        assert isinstance(events[-1], RunFinished)
        finished = [event.job_id for event in events if isinstance(event, JobFinished)]
        assert len(finished) == len(set(finished))


async def check_families(stage: Stage, events: list[RunEvent]) -> None:
    """Each job came to one result, that of its family, said once and after all the ends that it is made of."""
    rows = await stage.rows("SELECT id, parent_job_id, state, result, may_fail, is_detached FROM api.jobs")
    attached: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["parent_job_id"] and not row["is_detached"]:
            attached[row["parent_job_id"]].append(row)
    assert attached, "no job has started another: the test tries nothing"
    said = {event.job_id: place for place, event in enumerate(events) if is_conclusion(event)}
    for row in rows:
        counting = [JobState(child["result"]) for child in attached[row["id"]] if not child["may_fail"]]
        assert row["result"] == conclude(JobState(row["state"]), counting)
        assert all(said[child["id"]] < said[row["id"]] for child in attached[row["id"]])
        event = events[said[row["id"]]]
        assert row["result"] == (event.result if isinstance(event, JobConcluded) else event.job_state)
    assert len([event for event in events if is_conclusion(event)]) == len(rows)


def is_conclusion(event: RunEvent) -> TypeGuard[JobFinished | JobConcluded]:
    return isinstance(event, JobConcluded) or (isinstance(event, JobFinished) and event.is_concluded)


async def check_history(stage: Stage) -> None:
    last: dict[str, str | None] = {}
    rows = await stage.rows("SELECT run_id, job_id, from_state, to_state FROM orchestrator.history ORDER BY id")
    assert rows
    for row in rows:
        key, state = row["job_id"] or row["run_id"], row["from_state"]
        assert state == last.get(key)
        if state is not None and row["job_id"]:
            assert JobState(row["to_state"]) in JOB_MOVES[JobState(state)]
        elif state is not None:
            assert RunState(row["to_state"]) in RUN_MOVES[RunState(state)]
        last[key] = row["to_state"]
    assert set(last.values()) <= {str(state) for state in JOB_ENDS | RUN_ENDS}
