"""Reading lines of a log by number. Bounded by lines and by bytes; called from threads."""

from array import array
from bisect import bisect_right
from typing import NamedTuple

from tisktask_common.log_chunk import LogStream
from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.files import LogFiles
from tisktask_logstream.archive.records import CONTINUED, GAP, OFFSET_MASK, STREAM_MASK, STREAM_SHIFT

#: An answer with lines holds about this much text at most; whoever wants more asks again.
ANSWER_BYTES_MAX = 1024 * 1024


class Line(NamedTuple):
    """One line, or a gap: then `missing_bytes` is not 0 and there is no text."""

    number: int
    time_us: int
    stream: LogStream
    text: bytes
    is_partial: bool
    is_continued: bool
    missing_bytes: int


_STREAMS = (LogStream.STDOUT, LogStream.STDOUT, LogStream.STDERR, LogStream.SYSTEM)


def read_lines(files: LogFiles, extent: Extent, first: int, count: int) -> list[Line]:
    """Read up to `count` lines from number `first` (from 1), at least one if there is any."""
    first = max(1, first)
    count = min(count, extent.lines - first + 1)
    if count <= 0:
        return []
    records = files.read_records(first - 1, count + 1)
    words, values = records[0::2], records[1::2]
    if first + count > extent.lines:
        # The record behind may be newer than the snapshot, or the end's.
        words, values = words[:count], values[:count]
    if not words:
        return []
    offsets = array("Q", [word & OFFSET_MASK for word in words])
    if len(offsets) == count:
        offsets.append(extent.stored_bytes)
    count = max(1, min(count, bisect_right(offsets, offsets[0] + ANSWER_BYTES_MAX) - 1))
    data = files.read_log(offsets[0], offsets[count] - offsets[0])
    return [_line(first + i, words[i], values[i], _piece(data, offsets, i), extent) for i in range(count)]


def read_tail(files: LogFiles, extent: Extent, count: int, bytes_max: int) -> list[Line]:
    """Read the last lines, at most `count`, of which none begins further than `bytes_max` before the end."""
    first = max(1, extent.lines - count + 1)
    words = files.read_records(first - 1, extent.lines - first + 1)[0::2]
    too_early = sum(extent.stored_bytes - (word & OFFSET_MASK) > bytes_max for word in words)
    return read_lines(files, extent, first + too_early, len(words) - too_early)


def _piece(data: bytes, offsets: "array[int]", i: int) -> bytes:
    return data[offsets[i] - offsets[0] : offsets[i + 1] - offsets[0]]


def _line(number: int, word: int, value: int, text: bytes, extent: Extent) -> Line:
    if word & GAP:
        return Line(number, 0, LogStream.SYSTEM, b"", is_partial=False, is_continued=False, missing_bytes=value)
    stream = _STREAMS[(word & STREAM_MASK) >> STREAM_SHIFT]
    is_partial = number > extent.whole_lines
    return Line(number, value, stream, text.removesuffix(b"\n"), is_partial, bool(word & CONTINUED), 0)
