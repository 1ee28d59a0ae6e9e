"""Takes events from the bus into the table. Their order and number do not matter: the store keeps the newest."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.events import EVENT, RepositoryChanged, RunDeleted
from tisktask_reporter.credentials import CredentialBook
from tisktask_reporter.deletions import Deletions
from tisktask_reporter.fold import TYPES, desired_comment, desired_status
from tisktask_reporter.store import Store

log = structlog.get_logger()

#: After a change of a repository, what was given up within this time is tried once more.
REVIVED_WITHIN_SECONDS = 86_400.0
_TYPES = TYPES | {"run.deleted"}

events_taken = Counter("tisktask_reporter_events_total", "Events that were taken from the bus", ["effect"])


@dataclass(frozen=True)
class Intake:
    """Handlers of bus messages; `wake` is called when there is something to post."""

    store: Store
    credentials: CredentialBook
    public_url: str
    wake: Callable[[], None]
    deletions: Deletions

    async def take_event(self, message: Msg) -> None:
        """Store what an event wants to be shown; acknowledged after the commit."""
        effect = await self._take(message.data)
        events_taken.labels(effect).inc()
        await message.ack()

    async def _take(self, data: bytes) -> str:
        fields = json.loads(data)
        # An event of a newer version's kind is not for us, hence no error.
        if not isinstance(fields, dict) or cast("dict[str, Any]", fields).get("type") not in _TYPES:
            return "ignored"
        event = EVENT.validate_json(data)
        if isinstance(event, RunDeleted):
            await self.deletions.forget_run(event)
            return "deleted"
        wanted = [
            one for one in (desired_status(event, self.public_url), desired_comment(event, self.public_url)) if one
        ]
        if not wanted:
            return "ignored"
        if not any([await self.store.save_desired_status(one) for one in wanted]):
            return "no_change"
        self.wake()
        return "stored"

    async def take_repository_change(self, message: Msg) -> None:
        """Ask for the credential anew, and try again what the old one could not do."""
        try:
            event = EVENT.validate_json(message.data)
            if not isinstance(event, RepositoryChanged):
                return
            self.credentials.forget(event.repository.id)
            if await self.store.revive_statuses(event.repository.id, REVIVED_WITHIN_SECONDS):
                self.wake()
        except Exception:
            events_taken.labels("failed").inc()
            log.exception("repository_change_not_taken", subject=message.subject)
