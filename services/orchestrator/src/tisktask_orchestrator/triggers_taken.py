"""Triggers are written down once: a delivery that comes again is known by that."""

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.errors import NotFoundError
from tisktask_common.events import TriggerReceived
from tisktask_orchestrator import words
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.runs import Origin, insert_trigger

log = structlog.get_logger()

triggers_ignored = Counter("tisktask_triggers_ignored_total", "Triggers that made no run", ["why"])


async def take_in(connection: Connection, trigger: TriggerReceived, origin: Origin) -> bool:
    """Write a trigger down. False: it was before, or its repository was removed meanwhile."""
    if await insert_trigger(connection, trigger, origin):
        return True
    repository = await read_repository(connection, trigger.repository.id)
    if repository is None:
        triggers_ignored.labels("unknown_repository").inc()
        raise NotFoundError(words.unknown_repository(trigger.repository.id))
    why = "repository_removed" if repository.removed_at else "received_before"
    triggers_ignored.labels(why).inc()
    log.info("trigger_ignored", why=why, delivery=trigger.delivery)
    return False
