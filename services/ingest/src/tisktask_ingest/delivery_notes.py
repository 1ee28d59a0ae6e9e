"""Tells the orchestrator when the last delivery of each repository came, and which secret has signed it."""

import asyncio
import time
from collections import OrderedDict
from datetime import UTC, datetime

import structlog

from tisktask_common.delivery_notes import DeliverySeen, NoteDelivery
from tisktask_common.errors import TisktaskError, UserError
from tisktask_common.ids import RepositoryId
from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.registry import Hook

log = structlog.get_logger()

#: Of many deliveries of one repository one is told in so long a time; tests always are, and the first of a new secret.
PERIOD_SECONDS = 30.0
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 1.0
#: Whoever sends wrong signatures for many repositories does not fill the memory.
_WAITING_MAX = 10_000

#: Whether it was signed.
_Key = tuple[RepositoryId, bool]


class DeliveryNotes:
    """What is to be told, the newest of each repository. Nothing is kept on disk: the next delivery says as much."""

    def __init__(self, link: BusLink) -> None:
        self._link = link
        self._waiting: OrderedDict[_Key, NoteDelivery] = OrderedDict()
        #: When something was told last, and with which secret it was signed.
        self._told: OrderedDict[_Key, tuple[float, int | None]] = OrderedDict()
        self._has_news = asyncio.Event()

    def note(self, hook: Hook, event: str, secret_number: int | None, *, is_test: bool) -> None:
        """A delivery was signed with one of the repository's secrets."""
        told_at, told_number = self._told.get((hook.repository.id, True), (-PERIOD_SECONDS, None))
        if not is_test and told_number == secret_number and time.monotonic() - told_at < PERIOD_SECONDS:
            return
        kind = DeliverySeen.TEST if is_test else DeliverySeen.EVENT
        self._add(hook, kind, event, secret_number)

    def note_wrong_signature(self, hook: Hook, event: str) -> None:
        """A delivery names the repository, but none of its secrets has signed it. Anybody can send such a one."""
        told_at, _ = self._told.get((hook.repository.id, False), (-PERIOD_SECONDS, None))
        if time.monotonic() - told_at >= _PAUSE_SECONDS:
            self._add(hook, DeliverySeen.WRONG_SIGNATURE, event, None)

    def _add(self, hook: Hook, kind: DeliverySeen, event: str, secret_number: int | None) -> None:
        key = (hook.repository.id, kind is not DeliverySeen.WRONG_SIGNATURE)
        if hook.repository.forge == "local" or (key not in self._waiting and len(self._waiting) >= _WAITING_MAX):
            return
        self._waiting[key] = NoteDelivery(
            repository_id=hook.repository.id,
            kind=kind,
            event=event,
            received_at=datetime.now(UTC),
            secret_number=secret_number,
        )
        self._told[key] = time.monotonic(), secret_number
        self._told.move_to_end(key)
        while len(self._told) > _WAITING_MAX:
            self._told.popitem(last=False)
        self._has_news.set()

    async def run(self) -> None:
        """Tell what there is, again and again until somebody has heard it."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            for key, note in list(self._waiting.items()):
                await self._tell(key, note)
            if self._waiting:
                await asyncio.sleep(_PAUSE_SECONDS)
                self._has_news.set()

    async def _tell(self, key: _Key, note: NoteDelivery) -> None:
        try:
            await self._link.tell_delivery(note, _PATIENCE_SECONDS)
        except UserError as error:
            # An older orchestrator, or one that does not know the repository any more: it will not know later either.
            log.warning("delivery_note_refused", repository=note.repository_id, error=error.message)
        except TisktaskError as error:
            log.warning("delivery_not_told", repository=note.repository_id, error=error.message)
            return
        metrics.delivery_notes.labels(str(note.kind)).inc()
        if self._waiting.get(key) is note:
            del self._waiting[key]
