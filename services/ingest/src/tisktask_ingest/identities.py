"""Tells the orchestrator what forges call our repositories by now: their numbers, and new names."""

from collections import OrderedDict

import structlog

from tisktask_common.errors import UserError
from tisktask_common.ids import RepositoryId
from tisktask_common.repository_identity import NoteIdentity
from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.outcome import Identity
from tisktask_ingest.registry import Hook
from tisktask_ingest.telling import PATIENCE_SECONDS, Telling

log = structlog.get_logger()


class Identities:
    """What was learnt of deliveries whose signature was right, one per repository, until it is told.

    Nothing is kept on disk: the next delivery says it again.
    """

    def __init__(self, link: BusLink) -> None:
        self._link = link
        self._waiting: OrderedDict[RepositoryId, NoteIdentity] = OrderedDict()
        #: Said before, and not taken: it is not said with every delivery.
        self._refused: dict[RepositoryId, NoteIdentity] = {}
        self._telling = Telling("identities")

    def note(self, hook: Hook, identity: Identity) -> None:
        """Compare what a delivery says with what is known."""
        known = hook.repository
        is_renamed = known.full_name.casefold() != identity.full_name.casefold()
        is_numbered = identity.external_id not in (None, hook.external_id)
        if known.forge == "local" or not (is_renamed or is_numbered):
            return
        full_name = identity.full_name if is_renamed else known.full_name
        told = NoteIdentity(repository_id=known.id, full_name=full_name, external_id=identity.external_id)
        if self._refused.get(known.id) != told:
            self._waiting[known.id] = told
            self._telling.has_news()

    async def run(self) -> None:
        await self._telling.run(self._tell_all)

    async def _tell_all(self) -> None:
        for told in list(self._waiting.values()):
            await self._tell(told)

    async def _tell(self, told: NoteIdentity) -> None:
        # One that is not heard stands in nobody's way.
        self._waiting.move_to_end(told.repository_id)
        try:
            answer = await self._link.tell_identity(told, PATIENCE_SECONDS)
        except UserError as error:
            self._refuse(told, error.message)
        else:
            if answer.accepted:
                metrics.identities.labels("told").inc()
                log.info("identity_told", repository=told.repository_id, full_name=told.full_name)
            else:
                self._refuse(told, answer.reason)
        if self._waiting.get(told.repository_id) == told:
            del self._waiting[told.repository_id]

    def _refuse(self, told: NoteIdentity, reason: str) -> None:
        self._refused[told.repository_id] = told
        metrics.identities.labels("refused").inc()
        log.warning("identity_refused", repository=told.repository_id, full_name=told.full_name, reason=reason)
