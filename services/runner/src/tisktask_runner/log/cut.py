"""Cuts what is new in the files of a log into the messages of one batch."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from tisktask_common.bus.connection import Outgoing
from tisktask_common.log_chunk import LogChunk, LogStream, encode
from tisktask_runner import words
from tisktask_runner.log import k8s_file, raw_file
from tisktask_runner.log.position import Position
from tisktask_runner.log.segments import BLOCK_BYTES, Segments

BLOCKS_MAX = 8
_MEASURED_BLOCKS_MAX = 256


@dataclass(frozen=True)
class LogPart:
    """One file of a log. `stream` is null for conmon's format, which says it line by line."""

    path: Path
    stream: LogStream | None = None


@dataclass(frozen=True)
class LogSource:
    """The files of one log in their order, and how its messages are named."""

    job: str
    attempt: int
    subject: str
    parts: list[LogPart]
    #: Bytes of output that are kept; zero: no limit.
    bytes_max: int = 0
    #: Of a container beside the job; empty: the log is the job's own.
    container: str = ""

    def message_id(self, chunk: LogChunk) -> str:
        return chunk.message_id(self.job, self.attempt, self.container)

    @property
    def words_at_cut(self) -> str:
        return words.container_log_cut(self.bytes_max) if self.container else words.log_cut(self.bytes_max)


@dataclass
class Cut:
    """The messages for what is new, and the position after them."""

    position: Position
    messages: list[Outgoing] = field(default_factory=list[Outgoing])
    #: Up to where the current file was read; it may end in a piece of a record.
    read_to: int = 0
    #: There is more to read at once.
    is_full: bool = False
    is_truncated: bool = False


def cut_log(source: LogSource, position: Position, closed_parts: int) -> Cut:
    """Read on from `position`. The first `closed_parts` files grow no more: after the last of all comes the end."""
    result = Cut(position)
    while len(result.messages) < BLOCKS_MAX:
        is_closed = result.position.part < closed_parts
        if result.position.part == len(source.parts):
            _add(result, source, LogChunk(result.position.log_offset, is_last=True))
            result.position = replace(result.position, is_complete=True)
            return result
        block, segments = _read(source.parts[result.position.part], result.position, is_closed=is_closed)
        result.read_to = result.position.file_offset + len(block)
        if segments.consumed:
            _add_segments(result, source, segments)
            if result.position.is_complete:
                return result
        elif is_closed:
            result.position = result.position.next_part()
        if not is_closed and len(block) < BLOCK_BYTES:
            return result
    result.is_full = True
    return result


def measure(source: LogSource, position: Position, closed_parts: int) -> Position:
    """Look ahead of what is sent: how long is the log by now? Some of it at a time; go on from the result."""
    for _ in range(_MEASURED_BLOCKS_MAX):
        if position.part == len(source.parts):
            break
        is_closed = position.part < closed_parts
        block, segments = _read(source.parts[position.part], position, is_closed=is_closed)
        position = position.after(segments.consumed, len(segments.data))
        if not segments.consumed and is_closed:
            position = position.next_part()
        elif len(block) < BLOCK_BYTES and not is_closed:
            break
    return position


def _read(part: LogPart, position: Position, *, is_closed: bool) -> tuple[bytes, Segments]:
    try:
        with part.path.open("rb") as file:
            file.seek(position.file_offset)
            block = file.read(BLOCK_BYTES)
    except FileNotFoundError:
        block = b""
    if part.stream is None:
        return block, k8s_file.parse(block, is_end=is_closed and len(block) < BLOCK_BYTES)
    return block, raw_file.parse(block, part.stream, time.time_ns() // 1000)


def _add_segments(result: Cut, source: LogSource, segments: Segments) -> None:
    chunk = LogChunk(result.position.log_offset, segments.data, segments.times_us, segments.streams, segments.lengths)
    if source.bytes_max and chunk.end > source.bytes_max:
        segments.cut(max(0, source.bytes_max - chunk.offset))
        time_us = segments.times_us[-1] if segments.times_us else time.time_ns() // 1000
        segments.append(time_us, LogStream.SYSTEM, source.words_at_cut.encode())
        chunk.data, chunk.is_last, chunk.is_truncated = segments.data, True, True
        result.is_truncated = True
    if chunk.data:
        _add(result, source, chunk)
    position = result.position.after(segments.consumed, len(segments.data))
    result.position = replace(position, is_complete=chunk.is_last)


def _add(result: Cut, source: LogSource, chunk: LogChunk) -> None:
    result.messages.append(Outgoing(source.subject, encode(chunk), source.message_id(chunk)))
