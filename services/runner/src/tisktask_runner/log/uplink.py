"""Sends the log messages of all jobs of this process, one atomic batch at a time."""

import asyncio
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.errors import BusError

log = structlog.get_logger()

#: The server takes 1,000 messages in a batch; a batch in an outage fills the client's buffer of 2 MiB.
BATCH_MESSAGES_MAX = 200
BATCH_BYTES_MAX = 1024 * 1024
_RETRY_SECONDS = 1.0

bytes_sent = Counter("tisktask_log_bytes_total", "Bytes of log messages that the bus has stored")
batches_failed = Counter("tisktask_log_batches_failed_total", "Log batches that had to be sent again")


@dataclass
class _Parcel:
    messages: list[Outgoing]
    stored: "asyncio.Future[None]"


class LogUplink:
    """While one batch is on its way, what comes from all jobs gathers for the next."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._parcels: list[_Parcel] = []
        self._filled = asyncio.Event()

    async def send(self, messages: list[Outgoing]) -> None:
        """Return when the messages are on the bus's disk, however long the bus is away."""
        parcel = _Parcel(messages, asyncio.get_running_loop().create_future())
        self._parcels.append(parcel)
        self._filled.set()
        await parcel.stored

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            parcels = self._take_batch()
            await self._store([message for parcel in parcels for message in parcel.messages])
            for parcel in parcels:
                if not parcel.stored.done():
                    parcel.stored.set_result(None)

    def _take_batch(self) -> list[_Parcel]:
        """Take whole parcels up to a batch's limits, and one in any case."""
        count, size, taken = 0, 0, 0
        for parcel in self._parcels:
            count += len(parcel.messages)
            size += sum(len(message.data) for message in parcel.messages)
            if taken and (count > BATCH_MESSAGES_MAX or size > BATCH_BYTES_MAX):
                break
            taken += 1
        parcels, self._parcels = self._parcels[:taken], self._parcels[taken:]
        if not self._parcels:
            self._filled.clear()
        return parcels

    async def _store(self, messages: list[Outgoing]) -> None:
        while True:
            try:
                await self._bus.publish_batch(messages)
            except BusError as error:
                # The files on this host keep what is not sent: wait, and send the same again.
                batches_failed.inc()
                log.warning("log_not_sent", messages=len(messages), error=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                bytes_sent.inc(sum(len(message.data) for message in messages))
                return
