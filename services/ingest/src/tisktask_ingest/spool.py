"""Deliveries on disk that the bus could not take yet, in order of arrival, bounded in number and bytes."""

import asyncio
import errno
import re
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from tisktask_common.ids import TriggerId
from tisktask_ingest import metrics
from tisktask_ingest.delivery import Delivery, from_file, to_file
from tisktask_ingest.durable_file import PARTIAL_SUFFIX, write_durably

log = structlog.get_logger()

_SUFFIX = ".delivery"
_DAMAGED_SUFFIX = ".damaged"
_NAME = re.compile(r"([0-9]{20})-(trg_[a-z2-7]+)\.delivery")


@dataclass(frozen=True)
class Limits:
    """What the spool may hold."""

    bytes_max: int
    count_max: int


@dataclass(frozen=True)
class Entry:
    """One file: its name begins with a number that orders it, and ends with its trigger's id."""

    path: Path
    sequence: int
    trigger_id: TriggerId
    size: int


class Spool:
    """A queue of files. One process at a time uses the folder."""

    def __init__(self, folder: Path, limits: Limits, entries: list[Entry]) -> None:
        self._folder = folder
        self._limits = limits
        self._entries = deque(entries)
        self._triggers = {entry.trigger_id for entry in entries}
        self._bytes = sum(entry.size for entry in entries)
        self._last_sequence = entries[-1].sequence if entries else 0
        self._writing = asyncio.Lock()
        self._filled = asyncio.Event()
        self._note_change()

    @classmethod
    def open(cls, folder: Path, limits: Limits) -> Self:
        """Find what an earlier process left."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for partial in folder.glob(f"*{PARTIAL_SUFFIX}"):
            partial.unlink()
        found = [entry for path in folder.iterdir() if (entry := _entry(path))]
        entries = sorted(found, key=lambda entry: entry.sequence)
        if entries:
            log.info("spool_found", deliveries=len(entries), bytes=sum(entry.size for entry in entries))
        return cls(folder, limits, entries)

    @property
    def is_empty(self) -> bool:
        return not self._entries

    @property
    def first(self) -> Entry | None:
        return self._entries[0] if self._entries else None

    async def wait_filled(self) -> None:
        await self._filled.wait()

    async def add(self, delivery: Delivery) -> bool:
        """Keep a delivery; False if there is no room or the disk refuses. One that is here already is kept."""
        trigger = delivery.event.trigger_id
        # One at a time: the order of the files is the order of arrival.
        async with self._writing:
            if trigger in self._triggers:
                return True
            data = await asyncio.to_thread(to_file, delivery)
            if len(self._entries) >= self._limits.count_max or self._bytes + len(data) > self._limits.bytes_max:
                metrics.spool_failures.labels("full").inc()
                log.error("spool_full", deliveries=len(self._entries), bytes=self._bytes)
                return False
            entry = self._next_entry(trigger, len(data))
            try:
                await asyncio.to_thread(write_durably, entry.path, data)
            except OSError:
                metrics.spool_failures.labels("write").inc()
                log.exception("spool_write_failed", path=str(entry.path))
                return False
            self._append(entry)
            return True

    async def read(self, entry: Entry) -> Delivery | None:
        """Read one back; None if the file is damaged or gone."""
        try:
            return from_file(await asyncio.to_thread(entry.path.read_bytes))
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.EIO}:
                raise
            log.warning("spool_file_not_readable", path=str(entry.path), error=str(error))
            return None

    async def remove(self, entry: Entry) -> None:
        """Forget one that the bus has stored. If the file comes back after a power cut, the bus knows its id."""
        await asyncio.to_thread(entry.path.unlink, missing_ok=True)
        self._forget(entry)

    async def set_aside(self, entry: Entry) -> None:
        """Take a damaged file out of the queue and leave it for the operator."""
        damaged = entry.path.with_suffix(_DAMAGED_SUFFIX)
        if entry.path.exists():
            await asyncio.to_thread(entry.path.rename, damaged)
        self._forget(entry)
        metrics.spool_failures.labels("damaged").inc()
        log.error("spool_file_damaged", path=str(damaged), trigger=entry.trigger_id)

    async def has_room(self) -> bool:
        """Tell whether another delivery could be kept now; tries the disk for real."""
        if len(self._entries) >= self._limits.count_max or self._bytes >= self._limits.bytes_max:
            return False
        try:
            await asyncio.to_thread(write_durably, self._folder / "probe", b"probe")
        except OSError as error:
            log.warning("spool_not_writable", path=str(self._folder), error=str(error))
            return False
        return True

    def _next_entry(self, trigger: TriggerId, size: int) -> Entry:
        # The clock may have been set back since the last one.
        self._last_sequence = max(time.time_ns(), self._last_sequence + 1)
        name = f"{self._last_sequence:020d}-{trigger}{_SUFFIX}"
        return Entry(self._folder / name, self._last_sequence, trigger, size)

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._triggers.add(entry.trigger_id)
        self._bytes += entry.size
        self._note_change()

    def _forget(self, entry: Entry) -> None:
        self._entries.remove(entry)
        self._triggers.discard(entry.trigger_id)
        self._bytes -= entry.size
        self._note_change()

    def _note_change(self) -> None:
        metrics.spool_deliveries.set(len(self._entries))
        metrics.spool_bytes.set(self._bytes)
        if self._entries:
            self._filled.set()
        else:
            self._filled.clear()


def _entry(path: Path) -> Entry | None:
    name = _NAME.fullmatch(path.name)
    return Entry(path, int(name[1]), TriggerId(name[2]), path.stat().st_size) if name else None
