"""Tries a job again whose attempt is over. All within the transaction of a change."""

import structlog
from prometheus_client import Counter

from tisktask_common.events import AttemptFailed, AttemptLost, JobQueued
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.holdings import release_locks_of_job
from tisktask_orchestrator.retry_rules import exit_code_of, is_tried_again, pause_seconds
from tisktask_orchestrator.store.jobs import Ending
from tisktask_orchestrator.store.retries import NextAttempt, read_retry_policy, requeue_job
from tisktask_orchestrator.store.rows import JobRow

log = structlog.get_logger()

jobs_retried = Counter("tisktask_jobs_retried_total", "Attempts that programs have asked for after others", ["end"])


async def retry(change: RunChange, job: JobRow, ending: Ending, first_pause_seconds: float) -> bool:
    """Queue a job again if its program asks for that after such an end; False: it ends so."""
    if job.kind != JobKind.PROGRAM or job.stop_state is not None or change.run.stop_state is not None:
        return False
    policy = await read_retry_policy(change.connection, job.id)
    if not is_tried_again(policy, ending, has_begun=job.started_at is not None):
        return False
    seconds = pause_seconds(policy.retries_used, first_pause_seconds)
    attempts = job.attempt + policy.retries - policy.retries_used
    is_lost = ending.state is JobState.ERRORED
    end = words.attempt_end(exit_code_of(ending), is_lost=is_lost, out_of_memory=ending.out_of_memory)
    reason = words.tried_again(end, job.attempt, attempts, seconds)
    if not await try_again(change, job, NextAttempt(ending, reason, seconds, is_retry=True)):
        return False
    jobs_retried.labels(ending.state).inc()
    log.info("job_tried_again", run=job.run_id, job=job.id, attempt=job.attempt + 1, delay_seconds=seconds)
    return True


async def try_again(change: RunChange, job: JobRow, following: NextAttempt) -> bool:
    """End the job's attempt, with its event, and queue the next. What it has started goes on; its locks are free."""
    ending = following.ending
    queued = await requeue_job(change.connection, job.id, job.attempt, following)
    if queued is None:
        return False
    await release_locks_of_job(change, job.id)
    if ending.lost_reason is not None:
        change.emit_about_job(AttemptLost, job, runner=job.runner or "", reason=ending.lost_reason)
    else:
        change.emit_about_job(
            AttemptFailed,
            job,
            runner=job.runner or "",
            exit_code=ending.exit_code,
            signal=ending.signal,
            out_of_memory=ending.out_of_memory,
            reason=ending.reason,
        )
    change.emit_about_job(JobQueued, queued, reason=following.reason, delay_seconds=following.delay_seconds)
    return True
