"""Asks the orchestrator for an attempt: the answer makes it ours, or says that it is somebody else's."""

from datetime import UTC, datetime

from tisktask_common.rpc import AttemptRef, ClaimJob, JobGrant
from tisktask_runner.attempt.directory import AttemptRecord
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.host.boot import read_boot_id

#: A claim without an answer is given back, so that it is not in the way of other work.
_PATIENCE_SECONDS = 6.0


async def claim(shop: Workshop, ref: AttemptRef) -> JobGrant:
    """Claim an attempt, or claim it again to have its secrets. Raises what the orchestrator or the bus raises."""
    request = ClaimJob(job_id=ref.job_id, attempt=ref.attempt, runner=shop.runner, public_key=shop.keys.public)
    return await shop.bus.request(request, _PATIENCE_SECONDS)


def record_of(grant: JobGrant) -> AttemptRecord | None:
    """Make what is kept of a granted claim; None: it was not granted."""
    if not grant.granted or grant.spec is None:
        return None
    return AttemptRecord(spec=grant.spec, claimed_at=datetime.now(UTC), boot_id=read_boot_id())
