"""The beginning of a run: of a webhook's trigger, or of one that was made here. Its preparation is queued."""

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.errors import NotFoundError
from tisktask_common.events import Given, JobCreated, JobQueued, RunCreated, TriggerReceived
from tisktask_common.ids import new_run_id
from tisktask_common.lifecycle import JobKind
from tisktask_common.rpc import Program
from tisktask_common.subjects import DEFAULT_POOL
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import RunChange, tell_after_commit, write_down
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.lines import line_of
from tisktask_orchestrator.store.jobs import NewJobs, insert_jobs
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.runs import Origin, insert_run, insert_trigger, set_run_line

log = structlog.get_logger()

runs_created = Counter("tisktask_runs_created_total", "Runs made of triggers")
triggers_ignored = Counter("tisktask_triggers_ignored_total", "Triggers that made no run", ["why"])

#: What the preparation is called in lists and logs.
PREPARATION = Program(name="prepare", path="")


async def begin_run(
    connection: Connection, trigger: TriggerReceived, *, supersedes: bool = True, origin: Origin = Origin.WEBHOOK
) -> RunChange | None:
    """Make the trigger's run, in the caller's transaction; after its commit `tell_of_beginning` is to be called.

    None: it was made before, or the repository was removed meanwhile. `supersedes`: it overtakes older runs of its
    line, and may be overtaken (`cancel_superseded` does that, after the commit).
    """
    if not await insert_trigger(connection, trigger, origin):
        repository = await read_repository(connection, trigger.repository.id)
        _note_ignored(trigger, is_known=repository is not None, is_removed=bool(repository and repository.removed_at))
        return None
    change = RunChange(connection, await insert_run(connection, new_run_id(), trigger))
    if supersedes and (line := line_of(trigger.change)):
        await set_run_line(connection, change.run.id, line)
    given = {name: getattr(trigger, name) for name in Given.model_fields}
    change.emit(RunCreated, trigger_id=change.run.trigger_id, **given)
    await _queue_preparation(change)
    await write_down(change)
    return change


async def tell_of_beginning(collaborators: Collaborators, change: RunChange) -> None:
    """Say what was committed."""
    await tell_after_commit(collaborators, change)
    runs_created.inc()
    log.info("run_created", run=change.run.id, number=change.run.number, trigger=change.run.trigger_id)


async def _queue_preparation(change: RunChange) -> None:
    run = change.run
    new = NewJobs(run.id, run.repository_id, JobKind.PREPARE, DEFAULT_POOL, [PREPARATION])
    for job in await insert_jobs(change.connection, new):
        change.emit_about_job(JobCreated, job)
        change.emit_about_job(JobQueued, job)


def _note_ignored(trigger: TriggerReceived, *, is_known: bool, is_removed: bool) -> None:
    if not is_known:
        triggers_ignored.labels("unknown_repository").inc()
        raise NotFoundError(words.unknown_repository(trigger.repository.id))
    why = "repository_removed" if is_removed else "received_before"
    triggers_ignored.labels(why).inc()
    log.info("trigger_ignored", why=why, delivery=trigger.delivery)
