"""What time brings about: leases end, jobs and runs have had their time, orders to stop are not followed.

Several orchestrators may sweep at once: every move is guarded, so only one of them makes it.
"""

from collections.abc import Callable
from functools import partial

import structlog
from prometheus_client import Counter

from tisktask_common.events import RunnerLost
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import RunChange, changing_run, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import finish_job, settle_run, stop_job, stop_run
from tisktask_orchestrator.fold import Consequence, LostAttempt, after_loss
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.retries import retry, try_again
from tisktask_orchestrator.runners.heartbeats import announce_runner
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.attempts import (
    list_ignored_stops,
    list_lost_attempts,
    list_overdue_attempts,
    take_lost_attempt,
)
from tisktask_orchestrator.store.jobs import Ending, read_job
from tisktask_orchestrator.store.repositories import forget_tokens
from tisktask_orchestrator.store.retries import NextAttempt, read_retry_policy
from tisktask_orchestrator.store.rows import AttemptKey, AttemptRow, JobRow
from tisktask_orchestrator.store.run_data import forget_data_replies, forget_run_data
from tisktask_orchestrator.store.runners import forget_runners, lose_hosts
from tisktask_orchestrator.store.runs import list_overdue_runs
from tisktask_orchestrator.store.starts import forget_starts
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

_DAY_SECONDS = 86_400
#: A request whose answer was lost is repeated within minutes, also by a client that had to connect anew.
_REPLY_SECONDS = 3600

attempts_lost = Counter("tisktask_attempts_lost_total", "Attempts that ended without their runner's word")


async def stop_overdue(collaborators: Collaborators) -> None:
    """Order to stop what has had its time."""
    settings = collaborators.settings
    async with collaborators.pool.connection() as connection:
        runs = await list_overdue_runs(connection, settings.run_seconds_max)
        attempts = await list_overdue_attempts(connection)
    # Each by itself: one that can not be handled must not stand in the way of the others.
    for run in runs:
        await survive("stop_overdue_run", partial(_stop_overdue_run, collaborators, run))
    for attempt in attempts:
        await survive("stop_overdue_job", partial(_stop_overdue_job, collaborators, attempt))


async def end_lost(collaborators: Collaborators, could_be_heard: Callable[[], bool]) -> None:
    """End the attempts of hosts that have gone silent, and those that were to be stopped and are not.

    Asked when the database has answered: where that took long, nobody could be heard meanwhile.
    """
    settings = collaborators.settings
    patience_seconds = settings.job_grace_seconds + settings.lease_seconds
    async with collaborators.pool.connection() as connection:
        lost = await list_lost_attempts(connection)
        ignored = await list_ignored_stops(connection, patience_seconds)
    if not could_be_heard():
        return
    for attempt in lost:
        await survive("end_lost_attempt", partial(_end_lost_attempt, collaborators, attempt))
    for attempt in ignored:
        await survive("end_ignored_stop", partial(_end_ignored_stop, collaborators, attempt))
    await _announce_lost_hosts(collaborators)


async def forget_old(collaborators: Collaborators) -> None:
    """Forget what nobody needs any more."""
    async with collaborators.pool.connection() as connection:
        runners = await forget_runners(connection)
        tokens = await forget_tokens(connection)
        data = await forget_run_data(connection, collaborators.settings.run_data_days * _DAY_SECONDS)
        replies = await forget_data_replies(connection, _REPLY_SECONDS)
        starts = await forget_starts(connection, collaborators.settings.starts_days * _DAY_SECONDS)
    if runners or tokens or data or starts:
        log.info(
            "old_rows_forgotten", runners=runners, tokens=tokens, run_data=data, data_replies=replies, starts=starts
        )


async def _stop_overdue_run(collaborators: Collaborators, run: RunId) -> None:
    async with changing_run(collaborators, run) as change:
        if change.run.state == RunState.AWAITING_APPROVAL:
            # Held since it was listed: now that has its own limit.
            return
        reason = words.run_took_too_long(collaborators.settings.run_seconds_max)
        if await stop_run(change, RunState.TIMED_OUT, reason):
            log.info("run_timed_out", run=run)


async def _stop_overdue_job(collaborators: Collaborators, key: AttemptKey) -> None:
    async with changing_run_of_job(collaborators, key.job_id) as change:
        job = await _read_active(change, key.job_id, key.attempt)
        if job:
            reason = words.job_took_too_long(job.seconds_max or collaborators.settings.job_seconds_max)
            await stop_job(change, job, JobState.TIMED_OUT, reason)


async def _end_lost_attempt(collaborators: Collaborators, key: AttemptKey) -> None:
    async with changing_run_of_job(collaborators, key.job_id) as change:
        job = await _read_active(change, key.job_id, key.attempt)
        held = await take_lost_attempt(change.connection, key.job_id, key.attempt)
        if job is None or held is None:
            return
        attempts_lost.inc()
        log.warning("attempt_lost", run=job.run_id, job=job.id, attempt=job.attempt, runner=held.runner)
        await _follow_loss(change, job, held, collaborators.settings)


async def _follow_loss(change: RunChange, job: JobRow, held: AttemptRow, settings: OrchestratorSettings) -> None:
    stop = JobState(job.stop_state) if job.stop_state else None
    policy = await read_retry_policy(change.connection, job.id)
    lost = LostAttempt(JobKind(job.kind), held.started_at is not None, job.attempt, stop, policy.retries_used)
    said = words.host_lost(held.runner)
    match after_loss(lost, settings.lost_retries):
        case Consequence.TryAgain():
            await try_again(change, job, NextAttempt(Ending(JobState.ERRORED, said, lost_reason=said)))
            return
        case Consequence.StopAsOrdered(state):
            ending = Ending(state, job.stop_reason, lost_reason=said)
        case Consequence.GiveUp(has_effects):
            why = words.host_lost_after_begin(held.runner)
            if not has_effects:
                why = words.host_lost_before_begin(held.runner, job.attempt)
            ending = Ending(JobState.ERRORED, why, lost_reason=said)
            if await retry(change, job, Ending(JobState.ERRORED, said, lost_reason=said), settings.retry_pause_seconds):
                return
    await finish_job(change, job, ending)
    await settle_run(change)


async def _end_ignored_stop(collaborators: Collaborators, key: AttemptKey) -> None:
    async with changing_run_of_job(collaborators, key.job_id) as change:
        job = await _read_active(change, key.job_id, key.attempt)
        if job is None or job.stop_state is None or job.runner is None:
            return
        attempts_lost.inc()
        reason = words.stop_ignored(job.stop_reason, job.runner)
        log.warning("stop_ignored", run=job.run_id, job=job.id, attempt=job.attempt, runner=job.runner)
        await finish_job(change, job, Ending(JobState(job.stop_state), reason, lost_reason=reason))
        await settle_run(change)


async def _announce_lost_hosts(collaborators: Collaborators) -> None:
    async with transaction(collaborators.pool) as connection:
        for host in await lose_hosts(connection):
            await announce_runner(connection, RunnerLost(runner=host.runner, slots=host.slots))
            log.warning("runner_lost", runner=host.runner)


async def _read_active(change: RunChange, job: JobId, attempt: int) -> JobRow | None:
    """Read a job under its run's lock, if it is still at work in this attempt."""
    row = await read_job(change.connection, job)
    is_active = row and row.attempt == attempt and row.state in {JobState.STARTING, JobState.RUNNING}
    return row if is_active else None
