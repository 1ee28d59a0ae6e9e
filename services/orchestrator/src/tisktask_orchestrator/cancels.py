"""A person ends a run or a job before its time."""

from tisktask_common.errors import NotFoundError
from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, JobState, RunState
from tisktask_common.orders import CancelJob, CancelRun
from tisktask_common.rpc import Accepted
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.changes import changing_run, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import settle_run, stop_job, stop_run
from tisktask_orchestrator.store.jobs import read_job

_ACTOR_CHARS_MAX = 100


async def cancel_run(collaborators: Collaborators, request: CancelRun, _caller: str) -> Accepted:
    """Order a run to stop; asked again, the first order holds."""
    async with changing_run(collaborators, request.run_id) as change:
        if change.run.state in RUN_ENDS:
            return Accepted(accepted=False, reason=words.already_ended("the run", change.run.state))
        await stop_run(change, RunState.CANCELLED, words.cancelled_by(bounded(request.actor, _ACTOR_CHARS_MAX)))
    return Accepted(accepted=True)


async def cancel_job(collaborators: Collaborators, request: CancelJob, _caller: str) -> Accepted:
    """Order a job to stop; asked again, the first order holds."""
    async with changing_run_of_job(collaborators, request.job_id) as change:
        job = await read_job(change.connection, request.job_id)
        if job is None:
            raise NotFoundError(words.unknown_job(request.job_id))
        if job.state in JOB_ENDS:
            return Accepted(accepted=False, reason=words.already_ended("the job", job.state))
        reason = words.cancelled_by(bounded(request.actor, _ACTOR_CHARS_MAX))
        await stop_job(change, job, JobState.CANCELLED, reason)
        await settle_run(change)
    return Accepted(accepted=True)
