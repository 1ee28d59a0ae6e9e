"""Asks the orchestrator for an attempt: the answer makes it ours, or says that it is somebody else's."""

import asyncio
from datetime import UTC, datetime

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_common.rpc import AttemptRef, ClaimJob, JobGrant
from tisktask_runner.attempt.directory import AttemptRecord
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.host.boot import read_boot_id

log = structlog.get_logger()

#: A claim without an answer is given back, so that it is not in the way of other work.
_PATIENCE_SECONDS = 6.0
_RETRY_SECONDS = 0.5


async def claim(shop: Workshop, ref: AttemptRef) -> JobGrant:
    """Claim an attempt, or claim it again to have its secrets. Raises what the orchestrator or the bus raises."""
    request = ClaimJob(
        job_id=ref.job_id,
        attempt=ref.attempt,
        runner=shop.runner,
        public_key=shop.keys.public,
        can_restrict=True,
    )
    return await shop.bus.request(request, _PATIENCE_SECONDS)


async def claim_patiently(shop: Workshop, ref: AttemptRef) -> JobGrant:
    """Claim again what is ours, however long the bus or the orchestrator is away: nothing else can go on without it."""
    while True:
        try:
            return await claim(shop, ref)
        except InfrastructureError as error:
            log.warning("claim_awaited", job=ref.job_id, attempt=ref.attempt, error=error.message)
        await asyncio.sleep(_RETRY_SECONDS)


def record_of(grant: JobGrant) -> AttemptRecord | None:
    """Make what is kept of a granted claim; None: it was not granted."""
    if not grant.granted or grant.spec is None:
        return None
    return AttemptRecord(spec=grant.spec, claimed_at=datetime.now(UTC), boot_id=read_boot_id())
