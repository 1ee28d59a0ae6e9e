"""Has GitHub send again what it could not deliver: it does not by itself. Other forges have no way to ask for that."""

from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter

from tisktask_common.errors import TisktaskError
from tisktask_common.forge_requests import (
    REDELIVERIES_MAX,
    FailedDelivery,
    ForgeAnswer,
    ListFailedDeliveries,
    RedeliverWebhooks,
)
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.reconciling.pull_requests import PATIENCE_SECONDS, TRY_SECONDS
from tisktask_orchestrator.store.forge_looks import ForgeLookRow, list_known_deliveries, note_deliveries

log = structlog.get_logger()

#: GitHub keeps deliveries for three days.
_KEPT = timedelta(days=3)
#: A delivery may be listed a little after it was made.
_OVERLAP = timedelta(minutes=15)
#: Rights that a token lacks are not there a minute later: a changed repository is asked about at once.
_REFUSED_SECONDS = 6 * 3600.0

deliveries_asked_for = Counter("tisktask_redeliveries_total", "Failed webhooks that GitHub was asked to send again")


async def ask_for_failed(collaborators: Collaborators, look: ForgeLookRow) -> None:
    """Ask for the failed deliveries of a repository that have not come since."""
    began_at = datetime.now(UTC)
    since = max(look.deliveries_from, began_at - _KEPT)
    try:
        missing = await _find_missing(collaborators, look, since)
        if isinstance(missing, list) and missing:
            answer = await collaborators.bus.request(
                RedeliverWebhooks(repository_id=look.repository_id, items=missing[:REDELIVERIES_MAX]),
                REDELIVERIES_MAX * TRY_SECONDS,
                REDELIVERIES_MAX * TRY_SECONDS,
            )
            deliveries_asked_for.inc(answer.count)
            log.info("redelivery_asked_for", repository=look.full_name, deliveries=answer.count, missing=len(missing))
    except TisktaskError as error:
        missing = ForgeAnswer(problem=error.message)
    if isinstance(missing, ForgeAnswer):
        await _note_refusal(collaborators, look, since, missing)
        return
    # What is missing is looked for again, until it has come or was tried often enough.
    since = min((one.delivered_at for one in missing), default=began_at - _OVERLAP)
    async with collaborators.pool.connection() as connection:
        await note_deliveries(connection, look, since, "", 0)


async def _find_missing(
    collaborators: Collaborators, look: ForgeLookRow, since: datetime
) -> list[FailedDelivery] | ForgeAnswer:
    request = ListFailedDeliveries(repository_id=look.repository_id, since=since)
    answer = await collaborators.bus.request(request, 4 * PATIENCE_SECONDS, 4 * TRY_SECONDS)
    if answer.problem or answer.is_refused:
        return answer
    async with collaborators.pool.connection() as connection:
        known = await list_known_deliveries(connection, look.repository_id, [one.guid for one in answer.items])
    return [one for one in answer.items if one.guid not in known]


async def _note_refusal(collaborators: Collaborators, look: ForgeLookRow, since: datetime, answer: ForgeAnswer) -> None:
    log.warning("failed_deliveries_not_asked_for", repository=look.full_name, reason=answer.problem)
    wait_seconds = max(answer.pause_seconds, _REFUSED_SECONDS if answer.is_refused else 0)
    async with collaborators.pool.connection() as connection:
        await note_deliveries(connection, look, since, bounded(answer.problem, REASON_CHARS_MAX), wait_seconds)
