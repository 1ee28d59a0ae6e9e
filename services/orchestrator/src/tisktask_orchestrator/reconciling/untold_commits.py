"""Deliveries that do not tell their commit (of a release, a deletion, a comment) wait for a look at the repository."""

import structlog

from tisktask_common.events import TriggerReceived
from tisktask_common.ids import new_start_id
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.starting.starts import take_wish
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.starts import WantedRun
from tisktask_orchestrator.triggers_taken import triggers_ignored

log = structlog.get_logger()

#: What a ref says that means the repository's own choice.
_HEAD = "HEAD"


async def want_commit_of(collaborators: Collaborators, trigger: TriggerReceived) -> None:
    """Want a run of what the delivery's ref leads to now. The same delivery is the same wish."""
    async with collaborators.pool.connection() as connection:
        repository = await read_repository(connection, trigger.repository.id)
    if repository and repository.removed_at:
        triggers_ignored.labels("repository_removed").inc()
        log.info("trigger_ignored", why="repository_removed", delivery=trigger.delivery)
        return
    change = trigger.change
    ref = change.fetch_ref or change.ref
    wanted = WantedRun(
        id=new_start_id(),
        repository_id=trigger.repository.id,
        delivery=trigger.delivery,
        event=change.event,
        action=change.action,
        ref=None if ref == _HEAD else ref,
        sha=None,
        actor=change.actor,
        inputs=trigger.inputs,
        trigger=trigger.model_dump(mode="json"),
    )
    made = await take_wish(collaborators, wanted)
    if not made.is_new:
        triggers_ignored.labels("received_before").inc()
        log.info("trigger_ignored", why="received_before", delivery=trigger.delivery)
