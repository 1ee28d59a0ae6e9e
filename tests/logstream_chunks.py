"""Chunks of logs as a runner host sends them."""

import re
from array import array
from dataclasses import dataclass
from typing import Any

from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.ids import JobId, RunId
from tisktask_common.log_chunk import LogChunk, LogStream, encode
from tisktask_common.subjects import log_subject

RUNNER = "host-1"
START_US = 1_700_000_000_000_000


def numbered(count: int) -> bytes:
    """A log of so many lines, each with its number."""
    return b"".join(b"line %d of the log\n" % number for number in range(1, count + 1))


def make_chunk(offset: int, data: bytes, *, stream: int = LogStream.STDOUT, is_last: bool = False) -> LogChunk:
    """A chunk with one segment per line, each written a millisecond after the one before."""
    pieces = re.findall(rb"[^\n]*\n|[^\n]+", data)
    times = array("q", range(START_US, START_US + 1000 * len(pieces), 1000))
    return LogChunk(offset, data, times, bytearray([stream]) * len(pieces), array("I", map(len, pieces)), is_last)


def make_chunks(data: bytes, size: int, *, ends: bool = True) -> list[LogChunk]:
    """Cut a log into chunks of `size` bytes."""
    chunks = [make_chunk(at, data[at : at + size]) for at in range(0, len(data), size)]
    return [*chunks, LogChunk(len(data), is_last=True)] if ends else chunks


def recut(log: LogChunk, start: int, end: int) -> LogChunk:
    """Cut a piece out of a log; every byte keeps its time and stream."""
    times, streams, lengths = array("q"), bytearray(), array("I")
    position = 0
    for time, stream, length in zip(log.times_us, log.streams, log.lengths, strict=True):
        overlap = min(end, position + length) - max(start, position)
        if overlap > 0:
            times.append(time)
            streams.append(stream)
            lengths.append(overlap)
        position += length
    is_last = log.is_last and end == len(log.data)
    return LogChunk(start, log.data[start:end], times, streams, lengths, is_last)


@dataclass
class Sender:
    """Sends a log like a runner host does."""

    bus: Bus
    run: str
    job: str
    attempt: int = 1
    runner: str = RUNNER
    sent: int = 0
    container: str = ""

    async def send(self, *chunks: LogChunk, patience_seconds: float = 60) -> None:
        """Send chunks in batches; each is a message of its own, also if it is a repetition."""
        subject = log_subject(self.runner, RunId(self.run), JobId(self.job), self.attempt, self.container)
        for first in range(0, len(chunks), 500):
            messages = [
                Outgoing(subject, encode(chunk), f"{self.job}.{self.attempt}.{self.container}#{self.sent + i}")
                for i, chunk in enumerate(chunks[first : first + 500])
            ]
            await self.bus.publish_batch(messages, patience_seconds)
            self.sent += len(messages)

    async def write(self, data: bytes, at: int, **flags: Any) -> None:
        await self.send(make_chunk(at, data, **flags))
