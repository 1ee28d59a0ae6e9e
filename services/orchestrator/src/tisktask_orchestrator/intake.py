"""Takes `trigger.received`: one transaction makes of it a run whose preparation is queued."""

import asyncio

import nats.errors
import psycopg
import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.errors import NotFoundError
from tisktask_common.events import JobCreated, JobQueued, RunCreated, TriggerReceived
from tisktask_common.ids import RunId, new_run_id
from tisktask_common.lifecycle import JobKind
from tisktask_common.rpc import Program
from tisktask_common.subjects import DEFAULT_POOL
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import bounded_trigger
from tisktask_orchestrator.changes import RunChange, tell_after_commit, write_down
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.lines import line_of
from tisktask_orchestrator.store.jobs import NewJobs, insert_jobs
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.runs import insert_run, insert_trigger, set_run_line
from tisktask_orchestrator.superseding import cancel_superseded
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

runs_created = Counter("tisktask_runs_created_total", "Runs made of triggers")
triggers_ignored = Counter("tisktask_triggers_ignored_total", "Triggers that made no run", ["why"])

_PAUSE_SECONDS = 1.0
#: What the preparation is called in lists and logs.
PREPARATION = Program(name="prepare", path="")


async def take_trigger(collaborators: Collaborators, message: Msg) -> None:
    """Handle one message of the trigger's consumer; acknowledged when all that comes of it is committed.

    While the database is away the message is kept, for giving it back would bring it to the dead letters in the end.
    What is wrong with the trigger itself is raised: after some tries it lies in the dead-letter stream for a person.
    """
    trigger = bounded_trigger(TriggerReceived.model_validate_json(message.data))
    with structlog.contextvars.bound_contextvars(trigger=trigger.trigger_id, repository=trigger.repository.full_name):
        while True:
            try:
                await record_trigger(collaborators, trigger)
                await cancel_superseded(collaborators, trigger.trigger_id)
                break
            except psycopg.OperationalError as error:
                log.warning("trigger_waits_for_database", error=str(error))
            await _keep(message)
        await message.ack()


async def record_trigger(collaborators: Collaborators, trigger: TriggerReceived) -> RunId | None:
    """Make the trigger's run. None: it was made before, or the repository was removed meanwhile."""
    async with transaction(collaborators.pool) as connection:
        if not await insert_trigger(connection, trigger):
            repository = await read_repository(connection, trigger.repository.id)
            _note_ignored(
                trigger, is_known=repository is not None, is_removed=bool(repository and repository.removed_at)
            )
            return None
        change = RunChange(connection, await insert_run(connection, new_run_id(), trigger))
        if line := line_of(trigger.change):
            await set_run_line(connection, change.run.id, line)
        await _queue_preparation(change)
        await write_down(change)
    await tell_after_commit(collaborators, change)
    runs_created.inc()
    log.info("run_created", run=change.run.id, number=change.run.number, delivery=trigger.delivery)
    return change.run.id


async def _queue_preparation(change: RunChange) -> None:
    run = change.run
    change.emit(RunCreated, trigger_id=run.trigger_id)
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


async def _keep(message: Msg) -> None:
    try:
        await message.in_progress()
    except nats.errors.Error as error:
        log.warning("message_not_kept", error=repr(error))
    await asyncio.sleep(_PAUSE_SECONDS)
