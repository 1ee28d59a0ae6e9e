"""What was found without a webhook, and the webhooks that come late for it."""

from tisktask_common.database.pool import Connection
from tisktask_common.events import TriggerReceived
from tisktask_common.replays import REPLAY
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
