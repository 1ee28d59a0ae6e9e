"""From the bus to the disk: each message is stored, made durable, and then acknowledged. Live viewers hear at once."""

import asyncio

import nats.errors
import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.log_chunk import decode
from tisktask_logstream.archive.disk import Disk
from tisktask_logstream.archive.durability import GroupSync
from tisktask_logstream.archive.ledger import Ledger, gaps_made
from tisktask_logstream.archive.library import Library, OpenLog
from tisktask_logstream.archive.ownership import AttemptOwners
from tisktask_logstream.archive.parking import Parked, Parking
from tisktask_logstream.archive.stored_log import Outcome
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.log_names import LogName, read_subject

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
_NO_ROOM_SECONDS = 5.0

chunks_taken = Counter("tisktask_log_chunks_total", "Pieces of logs taken from the bus", ["outcome"])
bytes_stored = Counter("tisktask_log_bytes_stored_total", "Bytes of logs stored")


class Intake:
    """Handles the messages of the logs' consumer. Repeated, recut and early chunks are all right."""

    def __init__(self, library: Library, sync: GroupSync, disk: Disk, owners: AttemptOwners, ledger: Ledger) -> None:
        self._library = library
        self._sync = sync
        self._disk = disk
        self._owners = owners
        self._ledger = ledger
        self._parking = Parking()

    async def take(self, message: Msg) -> None:
        """Store one message; acknowledges it when that is durable."""
        address = read_subject(message.subject)
        chunk = decode(message.data)
        if not await self._owners.is_owner(address):
            chunks_taken.labels("refused").inc()
            log.error("log_of_another_runner_refused", runner=address.runner, job=address.log.job)
            await message.ack()
            return
        stored = await self._store(address.log, Parked(chunk, message))
        self._ledger.note(address.log)
        for parked in stored:
            await _acknowledge(parked.message)

    async def sweep(self, bus: BusLink, patience_seconds: float) -> None:
        """Once a second: where something is missing for too long, while it could have come, go on behind it."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            if not bus.is_ready or not self._disk.is_writable:
                continue
            for name in self._parking.wait(SWEEP_SECONDS, patience_seconds):
                await self._skip_missing(name)

    async def _store(self, name: LogName, parked: Parked) -> list[Parked]:
        """Store a chunk and what has waited for it, until the disk takes it; returns what may be acknowledged."""
        while True:
            try:
                async with self._library.borrow(name, create=True) as opened:
                    stored = await self._append(opened, parked)
                    if stored:
                        await self._sync.made_durable(opened)
                    return stored
            except OSError as error:
                self._disk.report(error)
                await self._disk.until_writable()

    async def _append(self, opened: OpenLog, parked: Parked) -> list[Parked]:
        stored: list[Parked] = []
        async with opened.writing:
            before = opened.stored.extent
            outcome = await asyncio.to_thread(opened.stored.append, parked.chunk)
            chunks_taken.labels(outcome.value).inc()
            if outcome is Outcome.AHEAD:
                await self._park(opened.name, parked)
            else:
                stored.append(parked)
                stored += await self._append_parked(opened)
            if opened.stored.extent != before:
                self._tell(opened, before.stored_bytes)
        return stored

    async def _append_parked(self, opened: OpenLog) -> list[Parked]:
        stored: list[Parked] = []
        while taken := self._parking.take_up_to(opened.name, opened.stored.extent.end):
            for parked in taken:
                await asyncio.to_thread(opened.stored.append, parked.chunk)
            stored += taken
        return stored

    async def _park(self, name: LogName, parked: Parked) -> None:
        if self._parking.put(name, parked):
            return
        log.warning("log_chunk_given_back", job=name.job, offset=parked.chunk.offset)
        try:
            await parked.message.nak(delay=_NO_ROOM_SECONDS)
        except nats.errors.Error as error:
            # It comes again by itself after the acknowledgement's time.
            log.warning("log_chunk_not_returned", error=repr(error))

    async def _skip_missing(self, name: LogName) -> None:
        try:
            async with self._library.borrow(name, create=True) as opened:
                async with opened.writing:
                    before = opened.stored.extent
                    first = self._parking.first_offset(name)
                    if first is None:
                        return
                    if first > opened.stored.extent.end:
                        missing = first - opened.stored.extent.end
                        await asyncio.to_thread(opened.stored.add_gap, missing)
                        gaps_made.inc()
                        log.error("log_has_a_gap", job=name.job, attempt=name.attempt, missing_bytes=missing)
                    stored = await self._append_parked(opened)
                    self._tell(opened, before.stored_bytes)
                await self._sync.made_durable(opened)
        except OSError as error:
            # What was taken from the parking is not acknowledged: the bus brings it again.
            self._disk.report(error)
            return
        self._ledger.note(name)
        for parked in stored:
            await _acknowledge(parked.message)

    def _tell(self, opened: OpenLog, bytes_before: int) -> None:
        bytes_stored.inc(max(0, opened.stored.extent.stored_bytes - bytes_before))
        self._library.ring(opened.name)


async def _acknowledge(message: Msg) -> None:
    try:
        await message.ack()
    except nats.errors.Error as error:
        # It comes again, and is known then.
        log.warning("log_chunk_not_acknowledged", error=repr(error))
