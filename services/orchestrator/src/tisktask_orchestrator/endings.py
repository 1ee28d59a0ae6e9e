"""How jobs and runs end, and how they are ordered to stop. All within the transaction of a change."""

from collections import Counter as CountOf
from dataclasses import replace

import structlog
from prometheus_client import Counter

from tisktask_common.events import AttemptLost, JobFinished, RunFinished
from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState
from tisktask_common.rpc import StopOrder
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.fold import fold_run
from tisktask_orchestrator.store.jobs import Ending, end_job, list_jobs, request_job_stop
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.runs import move_run, request_run_stop

log = structlog.get_logger()

runs_finished = Counter("tisktask_runs_finished_total", "Runs that reached a final state", ["state"])
jobs_finished = Counter("tisktask_jobs_finished_total", "Jobs that reached a final state", ["kind", "state"])


async def finish_job(change: RunChange, job: JobRow, ending: Ending) -> JobRow | None:
    """End a job, with its event. None: somebody else was first."""
    ended = await end_job(change.connection, job.id, job.attempt, ending)
    if ended is None:
        return None
    if ending.lost_reason is not None and ended.runner:
        change.emit_about_job(AttemptLost, ended, runner=ended.runner, reason=ending.lost_reason)
    change.emit_about_job(
        JobFinished,
        ended,
        exit_code=ending.exit_code,
        signal=ending.signal,
        out_of_memory=ending.out_of_memory,
        reason=ended.reason,
        duration_seconds=_seconds_between(ended),
    )
    jobs_finished.labels(ended.kind, ended.state).inc()
    log.info("job_finished", run=ended.run_id, job=ended.id, name=ended.name, state=ended.state, attempt=ended.attempt)
    return ended


async def settle_run(change: RunChange) -> None:
    """End the run if its jobs have; its lock makes sure that one of them sees itself as the last."""
    jobs = await list_jobs(change.connection, change.run.id)
    preparation = next(job for job in jobs if job.kind == JobKind.PREPARE)
    programs = [job for job in jobs if job.kind == JobKind.PROGRAM]
    state = fold_run(JobState(preparation.state), [JobState(job.state) for job in programs])
    if state is None:
        return
    if not programs:
        await finish_run(change, state, preparation.reason)
        return
    guilty = [job.name for job in programs if job.state == state]
    reason = "" if state is RunState.SUCCEEDED else words.jobs_ended(guilty, len(programs), state)
    await finish_run(change, state, change.run.stop_reason if change.run.stop_state == state else reason)


async def finish_run(change: RunChange, state: RunState, reason: str) -> None:
    """End the run, with its event. Nothing happens if it has ended before."""
    moved = await move_run(change.connection, change.run.id, state, reason)
    if moved is None or moved.finished_at is None:
        return
    change.run = replace(change.run, state=state, reason=reason, finished_at=moved.finished_at)
    jobs = await list_jobs(change.connection, change.run.id)
    change.emit(
        RunFinished,
        reason=reason,
        duration_seconds=(moved.finished_at - change.run.created_at).total_seconds(),
        jobs_by_state=dict(CountOf(JobState(job.state) for job in jobs if job.kind == JobKind.PROGRAM)),
    )
    runs_finished.labels(state).inc()
    log.info("run_finished", run=change.run.id, number=change.run.number, state=state, reason=reason)


async def stop_run(change: RunChange, state: JobState, reason: str) -> bool:
    """Order a run to stop: what waits ends at once, what a runner has is to be stopped there."""
    if not await request_run_stop(change.connection, change.run.id, state, reason):
        return False
    change.run = replace(change.run, stop_state=state, stop_reason=reason)
    for job in await list_jobs(change.connection, change.run.id):
        if job.state not in JOB_ENDS:
            await stop_job(change, job, state, reason)
    await settle_run(change)
    return True


async def stop_job(change: RunChange, job: JobRow, state: JobState, reason: str) -> bool:
    """End a job that waits, or order the runner that has it to stop it. False: that was done before."""
    if job.state == JobState.QUEUED:
        return await finish_job(change, job, Ending(state, reason)) is not None
    ordered = await request_job_stop(change.connection, job.id, state, reason)
    if ordered is None or ordered.runner is None:
        return False
    change.stop_orders.append((ordered.runner, order_for(ordered.id, ordered.attempt, state, reason)))
    log.info("job_stop_ordered", run=ordered.run_id, job=ordered.id, runner=ordered.runner, state=state)
    return True


def order_for(job: JobId, attempt: int, state: str, reason: str) -> StopOrder:
    return StopOrder(job_id=job, attempt=attempt, state=JobState(state), reason=reason)


def _seconds_between(job: JobRow) -> float | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()
