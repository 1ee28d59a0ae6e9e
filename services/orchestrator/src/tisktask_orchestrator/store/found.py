"""Webhooks that tell nothing new: of what was found without them, or of a head that another has told of."""

from tisktask_common.database.pool import Connection
from tisktask_common.events import TriggerReceived
from tisktask_common.replays import REPLAY
from tisktask_orchestrator.lines import line_of
from tisktask_orchestrator.store.rows import IdRow
from tisktask_orchestrator.store.statements import fetch_one

#: Forges send failed deliveries again for three days, our own bus and its dead letters keep them longer.
LATE_DAYS = 30
#: What brings a commit. Other actions are about one that is there already: they were never found without a webhook.
_ACTIONS = frozenset({None, "opened", "synchronize"})
_EVENTS = frozenset({"push", "tag", "pull_request"})


async def settle_with_found(connection: Connection, trigger: TriggerReceived) -> bool:
    """Note a webhook as one that tells late of what was found without it. False: it is about something new."""
    change = trigger.change
    if trigger.delivery.startswith(REPLAY):
        # A person wants it once more.
        return False
    if change.event not in _EVENTS or change.action not in _ACTIONS:
        return False
    row = await fetch_one(
        connection,
        IdRow,
        "settle_with_found",
        id=trigger.trigger_id,
        repository_id=trigger.repository.id,
        delivery=trigger.delivery,
        payload_chunks=trigger.payload_chunks,
        payload_bytes=trigger.payload_bytes,
        received_at=trigger.time,
        sha=change.sha,
        ref=change.ref,
        event=change.event,
        base_sha=change.base_sha,
        days=LATE_DAYS,
    )
    return row is not None


async def tells_same_head(connection: Connection, trigger: TriggerReceived) -> bool:
    """Tell whether a webhook about a push to a pull request tells the head that another has told, which is at work."""
    change = trigger.change
    if trigger.delivery.startswith(REPLAY) or (change.event, change.action) != ("pull_request", "synchronize"):
        return False
    found = await fetch_one(
        connection,
        IdRow,
        "find_same_head",
        trigger_id=trigger.trigger_id,
        repository_id=trigger.repository.id,
        line=line_of(change),
        sha=change.sha,
        action=change.action,
    )
    return found is not None
