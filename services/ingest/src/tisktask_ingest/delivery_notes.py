"""Tells the orchestrator when the last delivery of each repository came, and which secret has signed it."""

import time
from collections import OrderedDict
from datetime import UTC, datetime

import structlog

from tisktask_common.delivery_notes import DeliverySeen, NoteDelivery
from tisktask_common.errors import UserError
from tisktask_common.ids import RepositoryId
from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.registry import Hook
from tisktask_ingest.telling import PATIENCE_SECONDS, Telling

log = structlog.get_logger()

#: Of many deliveries of one repository one is told in so long a time; tests always are, and the first of a new secret.
PERIOD_SECONDS = 30.0
#: Wrong signatures of one repository, which anybody can send, are told no more often than that.
_WRONG_PERIOD_SECONDS = 1.0
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
        self._telling = Telling("deliveries")

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
        if time.monotonic() - told_at >= _WRONG_PERIOD_SECONDS:
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
        self._telling.has_news()

    async def run(self) -> None:
        await self._telling.run(self._tell_all)

    async def _tell_all(self) -> None:
        for key, note in list(self._waiting.items()):
            await self._tell(key, note)

    async def _tell(self, key: _Key, note: NoteDelivery) -> None:
        # One that is not heard stands in nobody's way.
        self._waiting.move_to_end(key)
        try:
            answer = await self._link.tell_delivery(note, PATIENCE_SECONDS)
        except UserError as error:
            # It will not be taken later either.
            log.warning("delivery_note_refused", repository=note.repository_id, error=error.message)
        else:
            # Not accepted: the repository was removed meanwhile.
            if answer.accepted:
                metrics.delivery_notes.labels(str(note.kind)).inc()
        if self._waiting.get(key) is note:
            del self._waiting[key]
