"""How jobs and runs end, and how they are ordered to stop. All within the transaction of a change."""

from collections import Counter as CountOf
from dataclasses import replace

import structlog
from prometheus_client import Counter

from tisktask_common.events import AttemptLost, JobConcluded, JobFinished, RunFinished
from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState
from tisktask_common.rpc import StopOrder
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.fold import Part, conclude, fold_run, takes_children_along
from tisktask_orchestrator.holdings import release_locks_of_job
from tisktask_orchestrator.store.families import (
    count_jobs,
    list_attached_jobs,
    list_decisive_names,
    list_guilty_children,
    read_conclusion,
    read_preparation_reason,
    set_result,
)
from tisktask_orchestrator.store.jobs import Ending, end_job, list_unfinished_jobs, request_job_stop
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.runs import move_run, request_run_stop

log = structlog.get_logger()

runs_finished = Counter("tisktask_runs_finished_total", "Runs that reached a final state", ["state"])
jobs_finished = Counter("tisktask_jobs_finished_total", "Jobs that reached a final state", ["kind", "state"])


async def finish_job(change: RunChange, job: JobRow, ending: Ending) -> JobRow | None:
    """End a job, with its event; one that was stopped takes along what belongs to it. None: somebody else was first."""
    ended = await _end_job(change, job, ending)
    if ended and takes_children_along(JobState(ended.state)):
        await stop_attached(change, ended, words.cancelled_with(ended.name, ended.reason))
    return ended


async def settle_run(change: RunChange) -> None:
    """End the run if its jobs have; its lock makes sure that one of them sees itself as the last."""
    counts = await count_jobs(change.connection, change.run.id)
    if change.run.state in {RunState.STAGED, RunState.AWAITING_APPROVAL}:
        await _settle_vetting(change, next(JobState(count.state) for count in counts if count.is_inspection))
        return
    preparation = next(
        JobState(count.state) for count in counts if count.kind == JobKind.PREPARE and not count.is_inspection
    )
    programs = [count for count in counts if count.kind == JobKind.PROGRAM]
    stop = RunState(change.run.stop_state) if change.run.stop_state else None
    state = fold_run(preparation, [Part(JobState(count.state), count.may_fail) for count in programs], stop)
    if state is None:
        return
    if not programs:
        await finish_run(change, state, await read_preparation_reason(change.connection, change.run.id))
    elif state is RunState.SUCCEEDED or state == stop:
        await finish_run(change, state, change.run.stop_reason)
    else:
        names = await list_decisive_names(change.connection, change.run.id, state)
        guilty = sum(count.jobs for count in programs if count.state == state and not count.may_fail)
        total = sum(count.jobs for count in programs)
        await finish_run(change, state, words.jobs_ended(names, guilty, total, state))


async def _settle_vetting(change: RunChange, inspection: JobState) -> None:
    """End a run that is being vetted: if its inspection ended badly, or it was to stop. It may wait long after it."""
    if inspection not in JOB_ENDS:
        return
    if inspection is not JobState.SUCCEEDED:
        reason = await read_preparation_reason(change.connection, change.run.id)
        await finish_run(change, RunState(inspection), reason)
    elif change.run.stop_state:
        await finish_run(change, RunState(change.run.stop_state), change.run.stop_reason)


async def finish_run(change: RunChange, state: RunState, reason: str, *, is_refused: bool = False) -> None:
    """End the run, with its event. Nothing happens if it has ended before."""
    moved = await move_run(change.connection, change.run.id, state, reason)
    if moved is None or moved.finished_at is None:
        return
    change.run = replace(change.run, state=state, reason=reason, finished_at=moved.finished_at)
    by_state: CountOf[JobState] = CountOf()
    for count in await count_jobs(change.connection, change.run.id):
        if count.kind == JobKind.PROGRAM:
            by_state[JobState(count.state)] += count.jobs
    change.emit(
        RunFinished,
        reason=reason,
        # Not the days that it has waited for a person.
        duration_seconds=(moved.finished_at - (change.run.released_at or change.run.created_at)).total_seconds(),
        jobs_by_state=dict(by_state),
        is_refused=is_refused,
    )
    runs_finished.labels(state).inc()
    log.info("run_finished", run=change.run.id, number=change.run.number, state=state, reason=reason)


async def stop_run(change: RunChange, state: RunState, reason: str) -> bool:
    """Order a run to stop: what waits ends at once, what a runner has is to be stopped there."""
    if not await request_run_stop(change.connection, change.run.id, state, reason):
        return False
    change.run = replace(change.run, stop_state=state, stop_reason=reason)
    # A run may be failed by one of its jobs: that is no failure of the jobs themselves.
    job_state = JobState.TIMED_OUT if state is RunState.TIMED_OUT else JobState.CANCELLED
    for job in await list_unfinished_jobs(change.connection, change.run.id):
        await _stop_alone(change, job, job_state, reason)
    await settle_run(change)
    return True


async def stop_job(change: RunChange, job: JobRow, state: JobState, reason: str) -> bool:
    """End a job that waits, or order the runner that has it to stop it, and all that belongs to it.

    False: that was done before.
    """
    is_new = await _stop_alone(change, job, state, reason)
    if is_new:
        await stop_attached(change, job, words.cancelled_with(job.name, reason))
    return is_new


async def stop_attached(change: RunChange, job: JobRow, reason: str) -> None:
    """Cancel what a job has started, and what that has started, but for what was detached."""
    for child in await list_attached_jobs(change.connection, job.id):
        await _stop_alone(change, child, JobState.CANCELLED, reason)


def order_for(job: JobId, attempt: int, state: str, reason: str) -> StopOrder:
    return StopOrder(job_id=job, attempt=attempt, state=JobState(state), reason=reason)


async def _stop_alone(change: RunChange, job: JobRow, state: JobState, reason: str) -> bool:
    if job.state == JobState.QUEUED:
        return await _end_job(change, job, Ending(state, reason)) is not None
    ordered = await request_job_stop(change.connection, job.id, state, reason)
    if ordered is None or ordered.runner is None:
        return False
    change.stop_orders.append((ordered.runner, order_for(ordered.id, ordered.attempt, state, reason)))
    log.info("job_stop_ordered", run=ordered.run_id, job=ordered.id, runner=ordered.runner, state=state)
    return True


async def _end_job(change: RunChange, job: JobRow, ending: Ending) -> JobRow | None:
    ended = await end_job(change.connection, job.id, job.attempt, ending)
    if ended is None:
        return None
    await release_locks_of_job(change, ended.id)
    if ending.lost_reason is not None and ended.runner:
        change.emit_about_job(AttemptLost, ended, runner=ended.runner, reason=ending.lost_reason)
    concluded = ended if ended.result else await _conclude(change, ended.id)
    _emit_end(change, ended, ending, is_concluded=concluded is not None and concluded.result == ended.state)
    if concluded:
        await _tell_conclusions(change, ended, concluded)
    jobs_finished.labels(ended.kind, ended.state).inc()
    log.info("job_finished", run=ended.run_id, job=ended.id, name=ended.name, state=ended.state, attempt=ended.attempt)
    return ended


def _emit_end(change: RunChange, ended: JobRow, ending: Ending, *, is_concluded: bool) -> None:
    change.emit_about_job(
        JobFinished,
        ended,
        exit_code=ending.exit_code,
        signal=ending.signal,
        out_of_memory=ending.out_of_memory,
        reason=ended.reason,
        duration_seconds=seconds_between(ended),
        is_concluded=is_concluded,
    )


async def _tell_conclusions(change: RunChange, ended: JobRow, concluded: JobRow) -> None:
    """Say what the job has come to if its end has not said it; then its parent may have waited for it, and so on."""
    if concluded.result != ended.state:
        await _emit_conclusion(change, concluded)
    while concluded.parent_job_id and not concluded.is_detached:
        parent = await _conclude(change, concluded.parent_job_id)
        if parent is None:
            return
        await _emit_conclusion(change, parent)
        concluded = parent


async def _conclude(change: RunChange, job: JobId) -> JobRow | None:
    """Note what a job has come to. None: it, or what it has started, is still at work."""
    found = await read_conclusion(change.connection, job)
    if found is None:
        return None
    result = conclude(JobState(found.state), [JobState(state) for state in found.results])
    return await set_result(change.connection, job, result)


async def _emit_conclusion(change: RunChange, job: JobRow) -> None:
    result = JobState(job.result or job.state)
    reason = job.reason
    if result != job.state:
        reason = words.children_ended(await list_guilty_children(change.connection, job.id, result), result)
    change.emit_about_job(JobConcluded, job, result=result, reason=reason)


def seconds_between(job: JobRow) -> float | None:
    """Tell how long a job's program ran."""
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()
