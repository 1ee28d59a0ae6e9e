"""A job starts another job of its run: once for each request and key, whatever is repeated."""

import structlog
from prometheus_client import Counter

from tisktask_common.errors import ConflictError, UserError
from tisktask_common.events import JobCreated, JobQueued
from tisktask_common.job_requests import Spawned, SpawnJob
from tisktask_common.rpc import Program
from tisktask_orchestrator.bounds import with_bounded_policy
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands import words
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.commands.spawn_rules import check_spawn, read_environment, unique_name
from tisktask_orchestrator.secrets import Secrets
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.families import NewChild, insert_spawned_job, read_spawn_room, read_spawned_before
from tisktask_orchestrator.store.family_rows import SpawnedBeforeRow
from tisktask_orchestrator.store.rows import AuthorityRow

log = structlog.get_logger()

jobs_spawned = Counter("tisktask_jobs_spawned_total", "Jobs that other jobs have started")


async def spawn_job(collaborators: Collaborators, request: SpawnJob, caller: str) -> Spawned:
    """Add a job to the asking job's run, or find the one that was added for the same request or key."""
    require_runner(caller, request.runner)
    settings = collaborators.settings
    check_spawn(request, settings)
    request = request.model_copy(update={"program": with_bounded_policy(request.program)})
    environment = _take_environment(collaborators.secrets, request, settings.spawn_environment_bytes_max)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        parent = await require_attempt(change.connection, request, caller)
        before = await read_spawned_before(change.connection, request.job_id, request.request_id, request.key)
        if before:
            return _found(before, request)
        name = await _find_room(change, parent, request.program.name, settings)
        job = await insert_spawned_job(change.connection, NewChild(request, name, environment))
        change.emit_about_job(JobCreated, job)
        change.emit_about_job(JobQueued, job)
    jobs_spawned.inc()
    log.info("job_spawned", run=parent.run_id, job=job.id, name=name, parent=request.job_id)
    return Spawned(job_id=job.id, name=name, is_new=True)


async def _find_room(change: RunChange, parent: AuthorityRow, name: str, settings: OrchestratorSettings) -> str:
    """Return the new job's name if the run may have one more job."""
    if parent.run_stop_state is not None:
        raise ConflictError(words.starts_no_more("the run"))
    if parent.stop_state is not None:
        raise ConflictError(words.starts_no_more("the job"))
    if parent.depth >= settings.spawn_depth_max:
        raise UserError(words.too_deep(settings.spawn_depth_max))
    room = await read_spawn_room(change.connection, parent.run_id, name)
    if room.spawned >= settings.spawned_jobs_max:
        raise UserError(words.too_many_spawned(settings.spawned_jobs_max))
    return unique_name(name, room.names)


def _found(before: SpawnedBeforeRow, request: SpawnJob) -> Spawned:
    if not before.is_same_request and _essence(before) != _essence(request.program):
        raise ConflictError(words.other_under_this_key(request.key or "", before.name))
    return Spawned(job_id=before.id, name=before.name, is_new=False)


def _essence(program: Program | SpawnedBeforeRow) -> tuple[object, ...]:
    """Say what makes it the same job, whatever else was asked for with it."""
    return program.path, program.build_file, program.image, program.shell, program.arguments


def _take_environment(secrets: Secrets, request: SpawnJob, bytes_max: int) -> bytes | None:
    if request.sealed_environment is None:
        return None
    text = secrets.open(request.sealed_environment, words.unreadable_environment())
    environment = read_environment(text, bytes_max)
    return None if environment is None else secrets.lock(environment)
