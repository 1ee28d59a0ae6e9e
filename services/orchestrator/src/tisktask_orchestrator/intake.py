"""Takes `trigger.received`: one transaction makes of it a run whose preparation is queued."""

import asyncio

import nats.errors
import psycopg
import structlog
from nats.aio.msg import Msg

from tisktask_common.database.pool import Connection
from tisktask_common.events import TriggerReceived
from tisktask_common.ids import RunId
from tisktask_orchestrator.beginning import begin_run, tell_of_beginning
from tisktask_orchestrator.bounds import bounded_trigger
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.reconciling.untold_commits import want_commit_of
from tisktask_orchestrator.rerunning.check_reruns import rerun_commit
from tisktask_orchestrator.store.found import settle_with_found, tells_same_head
from tisktask_orchestrator.store.repositories import lock_repository
from tisktask_orchestrator.store.runs import Origin, insert_trigger
from tisktask_orchestrator.superseding import cancel_superseded
from tisktask_orchestrator.transactions import transaction
from tisktask_orchestrator.triggers_taken import triggers_ignored
from tisktask_orchestrator.vetting.comments import take_comment
from tisktask_orchestrator.vetting.rules import is_ok_to_test

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0


async def take_trigger(collaborators: Collaborators, message: Msg) -> None:
    """Handle one message of the trigger's consumer; acknowledged when all that comes of it is committed.

    While the database is away the message is kept, for giving it back would bring it to the dead letters in the end.
    What is wrong with the trigger itself is raised: after some tries it lies in the dead-letter stream for a person.
    """
    trigger = bounded_trigger(TriggerReceived.model_validate_json(message.data))
    with structlog.contextvars.bound_contextvars(trigger=trigger.trigger_id, repository=trigger.repository.full_name):
        while True:
            try:
                await _handle(collaborators, trigger)
                break
            except psycopg.OperationalError as error:
                log.warning("trigger_waits_for_database", error=str(error))
            await _keep(message)
        await message.ack()


async def _handle(collaborators: Collaborators, trigger: TriggerReceived) -> None:
    if trigger.rerun:
        await rerun_commit(collaborators, trigger, trigger.rerun)
        return
    if is_ok_to_test(trigger.change):
        await take_comment(collaborators, trigger)
        return
    if not trigger.change.sha:
        await want_commit_of(collaborators, trigger)
        return
    await record_trigger(collaborators, trigger)
    await cancel_superseded(collaborators, trigger.trigger_id)


async def record_trigger(collaborators: Collaborators, trigger: TriggerReceived) -> RunId | None:
    """Make the trigger's run. None: it was made or found before, or the repository was removed meanwhile."""
    async with transaction(collaborators.pool) as connection:
        # Whoever else makes runs of this repository waits: that both have found the same is seen by the second.
        is_in_use = await lock_repository(connection, trigger.repository.id)
        if is_in_use and (why := await _find_why_old(connection, trigger)):
            triggers_ignored.labels(why).inc()
            log.info("trigger_ignored", why=why, delivery=trigger.delivery)
            return None
        change = await begin_run(connection, trigger)
    if change is None:
        return None
    await tell_of_beginning(collaborators, change)
    return change.run.id


async def _find_why_old(connection: Connection, trigger: TriggerReceived) -> str:
    """Say why a trigger tells nothing new; empty: it does."""
    if await settle_with_found(connection, trigger):
        return "found_before"
    if await tells_same_head(connection, trigger):
        await insert_trigger(connection, trigger, Origin.WEBHOOK)
        return "same_head"
    return ""


async def _keep(message: Msg) -> None:
    try:
        await message.in_progress()
    except nats.errors.Error as error:
        log.warning("message_not_kept", error=repr(error))
    await asyncio.sleep(_PAUSE_SECONDS)
