"""Puts a verified delivery where it can not be lost: on the bus, or on disk while the bus is away."""

from enum import StrEnum

import structlog

from tisktask_ingest import metrics, words
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.delivery import Delivery
from tisktask_ingest.spool import Spool

log = structlog.get_logger()

#: A forge waits 5 s for our answer and never sends again by itself.
BUS_PATIENCE_SECONDS = 2.0


class Stored(StrEnum):
    """Where a delivery is now."""

    ON_BUS = "on_bus"
    IN_SPOOL = "in_spool"
    #: Not taken: the bus is away and the spool has no room.
    NOWHERE = "nowhere"


class Intake:
    """Stores deliveries in order of arrival as far as that costs none of them."""

    def __init__(self, link: BusLink, spool: Spool) -> None:
        self._link = link
        self._spool = spool

    async def store(self, delivery: Delivery) -> Stored:
        # While older ones wait in the spool, newer ones queue up behind them.
        is_first_in_line = self._spool.is_empty
        if is_first_in_line and await self._publish(delivery):
            return Stored.ON_BUS
        if await self._spool.add(delivery):
            return Stored.IN_SPOOL
        # Out of turn is better than not at all.
        if not is_first_in_line and await self._publish(delivery):
            return Stored.ON_BUS
        return Stored.NOWHERE

    async def is_open(self) -> bool | str:
        """Tell whether a delivery could be stored now, or why not."""
        return self._link.is_ready or await self._spool.has_room() or words.NO_ROOM

    async def _publish(self, delivery: Delivery) -> bool:
        if not self._link.is_ready:
            return False
        try:
            await self._link.publish(delivery, BUS_PATIENCE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever the bus's client raises, the spool still takes the delivery
            metrics.publish_failures.inc()
            log.warning("publish_failed", trigger=delivery.event.trigger_id, error=repr(error)[:500])
            return False
        return True
