"""A runner claims an attempt: a guarded move under a lease, and all that it needs to know in return."""

from tisktask_common.errors import InfrastructureError, NotFoundError
from tisktask_common.events import Change, JobClaimed, Repository
from tisktask_common.lifecycle import JOB_ENDS, JobKind, RunState
from tisktask_common.rpc import ClaimJob, JobGrant, JobSpec, Limits, Program
from tisktask_orchestrator import words
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.queueing import INSPECT
from tisktask_orchestrator.repositories.reporting import mint_fetch_token
from tisktask_orchestrator.repositories.words import no_token_yet
from tisktask_orchestrator.secrets import Secrets, check_public_key
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.attempts import read_attempt
from tisktask_orchestrator.store.jobs import (
    Terms,
    claim_job,
    lock_limited_claim,
    read_job,
    read_job_plan,
    withdraw_offer,
)
from tisktask_orchestrator.store.reporting import find_app_repository
from tisktask_orchestrator.store.rows import JobPlanRow


async def claim(collaborators: Collaborators, request: ClaimJob, caller: str) -> JobGrant:
    """Give the attempt to the runner if it is free, or its own already."""
    require_runner(caller, request.runner)
    check_public_key(request.public_key)
    try:
        minted = await _mint_token(collaborators, request)
    except InfrastructureError as error:
        # Offered again in a while.
        return JobGrant(granted=False, reason=no_token_yet(error.message))
    async with changing_run_of_job(collaborators, request.job_id) as change:
        refusal = await _take(collaborators.settings, change, request)
        if refusal:
            return JobGrant(granted=False, reason=refusal)
        plan = await read_job_plan(change.connection, request.job_id)
        if plan is None:
            raise NotFoundError(words.unknown_job(request.job_id))
        spec = _seal_for(make_spec(plan, collaborators.settings), plan, collaborators.secrets, request.public_key)
        if minted is not None:
            spec = spec.model_copy(update={"sealed_token": minted})
    return JobGrant(granted=True, spec=spec, lease_seconds=collaborators.settings.lease_seconds)


async def _mint_token(collaborators: Collaborators, request: ClaimJob) -> str | None:
    """Get a token of the repository's App; None: it has none. Before the claim: forges may take their time."""
    async with collaborators.pool.connection() as connection:
        repository = await find_app_repository(connection, request.job_id)
    return await mint_fetch_token(collaborators, repository, request.public_key) if repository else None


def make_spec(plan: JobPlanRow, settings: OrchestratorSettings) -> JobSpec:
    """Say all that a runner needs for an attempt, but for the secrets."""
    kind = JobKind(plan.kind)
    program = Program(
        name=plan.name,
        path=plan.path,
        build_file=plan.build_file,
        image_key=plan.image_key,
        image=plan.image,
        shell=plan.shell,
        arguments=plan.arguments,
    )
    return JobSpec(
        run_id=plan.run_id,
        run_number=plan.run_number,
        job_id=plan.job_id,
        attempt=plan.attempt,
        kind=kind,
        name=plan.name,
        repository=Repository(id=plan.repository_id, forge=plan.forge, full_name=plan.full_name),
        trigger_id=plan.trigger_id,
        delivery=plan.delivery,
        payload_chunks=plan.payload_chunks,
        inputs=plan.inputs,
        schedule=plan.schedule,
        scheduled_at=plan.scheduled_at,
        change=Change.model_validate(plan.change),
        clone_url=plan.clone_url,
        program=program if kind is JobKind.PROGRAM else None,
        parent_job_id=plan.parent_job_id,
        limits=make_limits(settings, plan.seconds_max),
        page_url=f"{settings.public_url.rstrip('/')}/runs/{plan.run_id}",
        api_url=plan.api_url,
        is_inspection=kind is JobKind.PREPARE and plan.name == INSPECT,
        is_restricted=plan.is_restricted,
        cache_scope=plan.scope,
        approved_tree=plan.approved_tree,
    )


def _seal_for(spec: JobSpec, plan: JobPlanRow, secrets: Secrets, public_key: str) -> JobSpec:
    return spec.model_copy(
        update={
            "sealed_token": secrets.hand_over(plan.token, public_key),
            "sealed_environment": secrets.hand_over(plan.environment, public_key),
        }
    )


def make_limits(settings: OrchestratorSettings, seconds_max: int | None = None) -> Limits:
    return Limits(
        cpus=settings.job_cpus,
        memory_bytes=settings.job_memory_bytes,
        pids=settings.job_pids,
        seconds=seconds_max or settings.job_seconds_max,
        log_bytes=settings.job_log_bytes,
        grace_seconds=settings.job_grace_seconds,
    )


async def _take(settings: OrchestratorSettings, change: RunChange, request: ClaimJob) -> str:
    """Move the job, or find it moved by the same host before; returns why not, or an empty string."""
    if change.run.stop_state is not None:
        return words.to_be_stopped(request.job_id)
    if not request.can_restrict and (change.run.is_restricted or change.run.state == RunState.STAGED):
        # It would execute what was only to be looked at, or mix its images with trusted ones.
        return words.can_not_restrict(request.runner)
    terms = Terms(request.runner, settings.lease_seconds, settings.job_seconds_max or None)
    await lock_limited_claim(change.connection, request.job_id)
    claimed = await claim_job(change.connection, request.job_id, request.attempt, terms)
    if claimed:
        change.emit_about_job(JobClaimed, claimed, runner=request.runner)
        return ""
    job = await read_job(change.connection, request.job_id)
    held = await read_attempt(change.connection, request.job_id, request.attempt)
    if job and job.stop_state is not None and job.state not in JOB_ENDS:
        return words.to_be_stopped(request.job_id)
    if held and held.runner == request.runner and held.finished_at is None:
        return ""
    await withdraw_offer(change.connection, request.job_id, request.attempt)
    return words.not_to_be_claimed(request.job_id, request.attempt)
