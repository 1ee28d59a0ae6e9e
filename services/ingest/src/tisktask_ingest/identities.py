"""Tells the orchestrator what forges call our repositories by now: their numbers, and new names."""

import asyncio

import structlog

from tisktask_common.errors import TisktaskError, UserError
from tisktask_common.ids import RepositoryId
from tisktask_common.repository_identity import NoteIdentity
from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.outcome import Identity
from tisktask_ingest.registry import Hook

log = structlog.get_logger()

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 1.0


class Identities:
    """What was learnt of deliveries whose signature was right, one per repository, until it is told.

    Nothing is kept on disk: the next delivery says it again.
    """

    def __init__(self, link: BusLink) -> None:
        self._link = link
        self._waiting: dict[RepositoryId, NoteIdentity] = {}
        #: Said before, and not taken: it is not said with every delivery.
        self._refused: dict[RepositoryId, NoteIdentity] = {}
        self._has_news = asyncio.Event()

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
            self._has_news.set()

    async def run(self) -> None:
        """Tell what there is, again and again until somebody has heard it."""
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            for told in list(self._waiting.values()):
                await self._tell(told)
            if self._waiting:
                await asyncio.sleep(_PAUSE_SECONDS)
                self._has_news.set()

    async def _tell(self, told: NoteIdentity) -> None:
        try:
            answer = await self._link.tell_identity(told, _PATIENCE_SECONDS)
        except UserError as error:
            self._refuse(told, error.message)
        except TisktaskError as error:
            log.warning("identity_not_told", repository=told.repository_id, error=error.message)
            return
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
