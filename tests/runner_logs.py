"""Reads back what was sent of a log, the way the archive does: by offset, whatever was sent twice or cut anew."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.msg import Msg

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.pull import Puller
from tisktask_common.log_chunk import LogChunk, decode
from tisktask_common.subjects import LOGS_FOR_LOGSTREAM
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.log.uplink import LogUplink
from tisktask_runner.log.watch import FileWatcher


@dataclass
class StoredLog:
    """One attempt's log, put together from its messages."""

    data: bytearray = field(default_factory=bytearray)
    streams: bytearray = field(default_factory=bytearray)
    chunks: list[LogChunk] = field(default_factory=list)
    is_complete: bool = False
    is_truncated: bool = False

    def add(self, chunk: LogChunk) -> None:
        assert chunk.offset <= len(self.data), f"bytes {len(self.data)} to {chunk.offset} are missing"
        known = len(self.data) - chunk.offset
        self.data += chunk.data[known:]
        marks = b"".join(bytes([s]) * n for s, n in zip(chunk.streams, chunk.lengths, strict=True))
        self.streams += marks[known:]
        self.chunks.append(chunk)
        self.is_complete = self.is_complete or chunk.is_last
        self.is_truncated = self.is_truncated or chunk.is_truncated

    def of_stream(self, stream: int) -> bytes:
        return bytes(byte for byte, mark in zip(self.data, self.streams, strict=True) if mark == stream)


class LogArchive:
    """All logs that came over the bus, by `<job>.<attempt>`; of a container beside a job `<job>.<attempt>.<name>`."""

    def __init__(self) -> None:
        self.logs: dict[str, StoredLog] = {}
        self._changed = asyncio.Event()

    async def take(self, message: Msg) -> None:
        key = ".".join(message.subject.split(".")[3:])
        self.logs.setdefault(key, StoredLog()).add(decode(message.data))
        self._changed.set()
        await message.ack()

    async def complete(self, key: str, seconds: float = 30) -> StoredLog:
        """Wait for the end of a log."""
        async with asyncio.timeout(seconds):
            while key not in self.logs or not self.logs[key].is_complete:
                self._changed.clear()
                await self._changed.wait()
        return self.logs[key]

    async def holds(self, key: str, text: bytes, seconds: float = 20) -> StoredLog:
        """Wait until a text has come."""
        async with asyncio.timeout(seconds):
            while key not in self.logs or text not in self.logs[key].data:
                self._changed.clear()
                await self._changed.wait()
        return self.logs[key]


@asynccontextmanager
async def open_archive(bus: Bus) -> AsyncIterator[LogArchive]:
    archive = LogArchive()
    task = asyncio.create_task(Puller(bus, LOGS_FOR_LOGSTREAM, archive.take, concurrency=1).run())
    try:
        yield archive
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_lane(bus: Bus) -> AsyncIterator[ShippingLane]:
    watcher, uplink = FileWatcher(), LogUplink(bus)
    watcher.start()
    running = asyncio.create_task(uplink.run())
    with ThreadPoolExecutor(2) as threads:
        try:
            yield ShippingLane(uplink, watcher, threads)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            watcher.close()
