"""What runners report about their attempts: it began, it ended. Fenced by attempt and runner."""

from dataclasses import replace

from tisktask_common.errors import UserError
from tisktask_common.events import JobStarted, RunStarted
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState
from tisktask_common.rpc import Accepted, JobBegan, JobEnded
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import finish_job, settle_run
from tisktask_orchestrator.fold import end_of_stopped
from tisktask_orchestrator.preparation import conclude_preparation
from tisktask_orchestrator.queueing import INSPECT
from tisktask_orchestrator.retries import retry
from tisktask_orchestrator.store.attempts import read_attempt
from tisktask_orchestrator.store.jobs import Ending, begin_job, read_job
from tisktask_orchestrator.store.rows import AttemptRow, JobRow
from tisktask_orchestrator.store.runs import start_run
from tisktask_orchestrator.vetting.inspection import conclude_inspection


async def note_began(collaborators: Collaborators, request: JobBegan, caller: str) -> Accepted:
    """Note that an attempt's program was started: from here on it has effects."""
    require_runner(caller, request.runner)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        began = await begin_job(change.connection, request.job_id, request.attempt, request.runner, request.started_at)
        if began is None:
            return await _was_begun_before(change, request)
        if began.kind == JobKind.PROGRAM:
            started_at = await start_run(change.connection, change.run.id)
            if started_at:
                change.run = replace(change.run, started_at=started_at)
                change.emit(RunStarted)
        change.emit_about_job(JobStarted, began, runner=request.runner)
    return Accepted(accepted=True)


async def note_ended(collaborators: Collaborators, request: JobEnded, caller: str) -> Accepted:
    """Note how an attempt ended, and what follows for its run."""
    require_runner(caller, request.runner)
    if request.state not in JOB_ENDS or request.state is JobState.SKIPPED:
        raise UserError(words.not_a_final_state(request.state))
    async with changing_run_of_job(collaborators, request.job_id) as change:
        held = await read_attempt(change.connection, request.job_id, request.attempt)
        job = await read_job(change.connection, request.job_id)
        if held is None or job is None or held.runner != request.runner:
            return _overtaken(request)
        if held.finished_at is not None:
            return _repeated(request, job, held)
        ending = _ending(request, job)
        if job.attempt == request.attempt and await retry(
            change, job, ending, collaborators.settings.retry_pause_seconds
        ):
            return Accepted(accepted=True)
        ended = await finish_job(change, job, ending)
        if ended is None:
            return _overtaken(request)
        if ended.kind == JobKind.PREPARE and ended.name == INSPECT:
            await conclude_inspection(change, ended, request.prepared, collaborators.settings)
        elif ended.kind == JobKind.PREPARE:
            await conclude_preparation(change, ended, request.prepared, collaborators.settings)
        else:
            await settle_run(change)
    return Accepted(accepted=True)


def _ending(request: JobEnded, job: JobRow) -> Ending:
    state = end_of_stopped(request.state, _stop_of(job))
    reason = bounded(request.reason, REASON_CHARS_MAX)
    if job.kind == JobKind.PREPARE and state is JobState.SUCCEEDED and request.prepared is None:
        state, reason = JobState.ERRORED, words.nothing_prepared(request.runner)
    return Ending(
        state,
        job.stop_reason if state == job.stop_state else reason,
        exit_code=request.exit_code,
        signal=request.signal,
        out_of_memory=request.out_of_memory,
        ended_at=request.ended_at,
    )


async def _was_begun_before(change: RunChange, request: JobBegan) -> Accepted:
    held = await read_attempt(change.connection, request.job_id, request.attempt)
    if held and held.runner == request.runner and held.state == JobState.RUNNING:
        return Accepted(accepted=True)
    return _overtaken(request)


def _repeated(request: JobEnded, job: JobRow, held: AttemptRow) -> Accepted:
    """Answer a report whose attempt has ended: the same report said twice took effect, any other did not."""
    if job.attempt > request.attempt and request.state is JobState.FAILED and held.state == JobState.FAILED:
        return Accepted(accepted=True)
    is_same = job.attempt == request.attempt and job.state == end_of_stopped(request.state, _stop_of(job))
    return Accepted(accepted=True) if is_same else _overtaken(request)


def _stop_of(job: JobRow) -> JobState | None:
    return JobState(job.stop_state) if job.stop_state else None


def _overtaken(request: JobBegan | JobEnded) -> Accepted:
    return Accepted(accepted=False, reason=words.overtaken(request.job_id, request.attempt))
