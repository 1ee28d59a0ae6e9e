"""Publishes what waits in the spool, oldest first, as soon as the bus is there."""

import asyncio

import structlog

from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.spool import Spool

log = structlog.get_logger()

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.25


class SpoolRelay:
    """The one loop that takes deliveries out of the spool."""

    def __init__(self, link: BusLink, spool: Spool) -> None:
        self._link = link
        self._spool = spool

    async def run(self) -> None:
        while True:
            await self._spool.wait_filled()
            if not await self._relay_first():
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _relay_first(self) -> bool:
        entry = self._spool.first
        if entry is None or not self._link.is_ready:
            return False
        try:
            delivery = await self._spool.read(entry)
            if delivery is None:
                await self._spool.set_aside(entry)
                return True
            await self._link.publish(delivery, _PATIENCE_SECONDS)
            await self._spool.remove(entry)
        except Exception as error:  # noqa: BLE001 - it stays in the spool, and the next turn tries again
            metrics.publish_failures.inc()
            log.warning("relay_failed", trigger=entry.trigger_id, error=repr(error)[:500])
            return False
        log.info("delivery_relayed", trigger=entry.trigger_id)
        return True
