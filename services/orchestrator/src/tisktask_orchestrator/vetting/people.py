"""Who may write: those whom the forge has confirmed, and those who push."""

from tisktask_common.database.pool import Connection
from tisktask_common.events import TriggerReceived
from tisktask_common.replays import REPLAY
from tisktask_orchestrator.store.runs import Origin
from tisktask_orchestrator.store.vetting import note_push, read_person
from tisktask_orchestrator.vetting.rules import is_trusted_at_once

_PUSHES = frozenset({"push", "tag"})
_ORDERED = frozenset({Origin.MANUAL, Origin.SCHEDULE})


async def needs_vetting(connection: Connection, trigger: TriggerReceived, origin: Origin) -> bool:
    """Tell whether a trigger's run is to be looked at first; who pushes is remembered."""
    change, repository = trigger.change, trigger.repository
    # What is replayed was pushed once: who did may have lost the right since.
    is_news = origin is Origin.WEBHOOK and not trigger.delivery.startswith(REPLAY)
    if is_news and change.event in _PUSHES and change.actor and not change.is_fork:
        await note_push(connection, repository.id, change.actor, trigger.time)
    person = await read_person(connection, repository.id, change.actor)
    return not is_trusted_at_once(change, repository.forge, person, is_ordered=origin in _ORDERED)
