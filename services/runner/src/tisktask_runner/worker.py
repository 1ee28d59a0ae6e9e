"""Takes work for the free slots of this process: claims an attempt, acknowledges the message, supervises."""

import asyncio

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter
from pydantic import ValidationError

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.pull import Puller
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.rpc import AttemptRef, JobGrant, StopOrder
from tisktask_common.subjects import control_subject, work_consumer
from tisktask_runner.attempt.claim import claim, record_of
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import create_attempt
from tisktask_runner.attempt.roster import SCAN_SECONDS, Roster
from tisktask_runner.attempt.workshop import Workshop

log = structlog.get_logger()

_GIVE_BACK_SECONDS = 1.0

claims = Counter("tisktask_claims_total", "Claims of attempts, by their answer", ["answer"])


class Worker:
    """The pull loop of one process, and its eyes for abandoned attempts."""

    def __init__(self, shop: Workshop, roster: Roster, pool: str, slots: int) -> None:
        self._shop = shop
        self._roster = roster
        self._slots = slots
        self.puller = Puller(shop.bus, work_consumer(pool), self._take, concurrency=slots)

    async def adopt_forever(self) -> None:
        """Look for abandoned attempts every second. They take slots of ours."""
        while True:
            self.adopt()
            await asyncio.sleep(SCAN_SECONDS)

    def adopt(self) -> None:
        try:
            self._roster.adopt_abandoned()
        except OSError as error:
            # Directories come and go under the scan; a full disk mends, too. The next scan is a second away.
            log.warning("scan_failed", error=str(error))
        self.puller.concurrency = max(0, self._slots - self._roster.busy_adopted)

    async def _take(self, message: Msg) -> None:
        """Claim, acknowledge, and hold the slot until the attempt has ended."""
        ref = AttemptRef.model_validate_json(message.data)
        grant = await self._claim(ref)
        if grant is None:
            # Not raised: the fault is not the message's, so it must never be buried as a bad one.
            await message.nak(delay=_GIVE_BACK_SECONDS)
            return
        custody = await asyncio.to_thread(self._take_custody, grant)
        await message.ack()
        if custody is None:
            log.info("work_passed_over", job=ref.job_id, attempt=ref.attempt, reason=grant.reason)
            return
        attempt = self._roster.take(custody)
        await attempt.has_ended.wait()

    async def _claim(self, ref: AttemptRef) -> JobGrant | None:
        try:
            grant = await claim(self._shop, ref)
        except UserError as error:
            claims.labels("refused").inc()
            return JobGrant(granted=False, reason=error.message)
        except InfrastructureError as error:
            claims.labels("unanswered").inc()
            log.warning("claim_not_answered", job=ref.job_id, attempt=ref.attempt, error=error.message)
            return None
        claims.labels("granted" if grant.granted else "refused").inc()
        return grant

    def _take_custody(self, grant: JobGrant) -> Custody | None:
        """Make the attempt's directory; None: not granted, or another process of this host is at it already."""
        record = record_of(grant)
        made = create_attempt(self._shop.jobs, record) if record else None
        return Custody(*made, record) if made and record else None


async def obey_orders(bus: Bus, runner: str, roster: Roster) -> None:
    """Listen for orders to stop at once. What gets lost here comes again with a heartbeat's answer."""

    async def on_message(message: Msg) -> None:
        try:
            order = StopOrder.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("order_unreadable", error=str(error))
            return
        if roster.stop(order):
            log.info("stop_ordered", job=order.job_id, attempt=order.attempt, reason=order.reason)

    await bus.client.subscribe(control_subject(runner), cb=on_message)
