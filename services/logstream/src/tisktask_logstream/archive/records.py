"""The index of a log: 16 bytes per line. Where lines begin follows from the log's bytes alone, however they arrive.

A record is two little-endian words: the offset in the file with flags above it, and the time (epoch, microseconds).
A line longer than 64 KiB is several records, all but the first flagged as continued. Two kinds of records are no
lines: a gap (its second word is the number of missing bytes) and the end.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, count
from operator import add, or_

from tisktask_common.log_chunk import LogChunk, LogStream

RECORD_BYTES = 16
LINE_BYTES_MAX = 64 * 1024

OFFSET_MASK = (1 << 48) - 1
STREAM_SHIFT = 48
STREAM_MASK = 3 << STREAM_SHIFT
CONTINUED = 1 << 50
TRUNCATED = 1 << 61
END = 1 << 62
GAP = 1 << 63

#: Any byte that a sender may put for a stream -> its bits; what is unknown counts as standard output.
_STREAM_WORDS = tuple(
    (stream if stream in set(LogStream) else LogStream.STDOUT) << STREAM_SHIFT for stream in range(256)
)


@dataclass(frozen=True)
class Edge:
    """What the next byte of a log meets: `room` bytes left in the last record, or (0) a record of its own."""

    room: int = 0
    #: The next record goes on with the line of the one before it.
    continues: bool = False


@dataclass(frozen=True)
class Cut:
    """Where records begin in a piece of a log, and which of them go on with a line."""

    starts: list[int]
    continued: frozenset[int]
    edge: Edge


def cut_lines(data: bytes, edge: Edge) -> Cut:
    """Find where records begin in `data`, which follows what has left `edge`."""
    if not data:
        return Cut([], frozenset(), edge)
    parts = data.split(b"\n")
    tail_bytes = len(parts.pop())
    starts = [0, *map(add, accumulate(map(len, parts)), count(1))]
    if not tail_bytes:
        starts.pop()
    first_bytes = len(parts[0]) + 1 if parts else tail_bytes
    longest = max(tail_bytes, 1 + max(map(len, parts), default=0))
    continued: list[int] = [0] if edge.continues and not edge.room else []
    if longest > LINE_BYTES_MAX or first_bytes > (edge.room or LINE_BYTES_MAX):
        more = _cut_long_lines(starts, len(data), edge.room or LINE_BYTES_MAX)
        starts = sorted(starts + more)
        continued += more
    if edge.room:
        starts = starts[1:]
    return Cut(starts, frozenset(continued), _edge_after(len(data), bool(tail_bytes), starts, edge))


def _cut_long_lines(starts: list[int], end: int, first_room: int) -> list[int]:
    more: list[int] = []
    for begin, following in zip(starts, [*starts[1:], end], strict=True):
        room = LINE_BYTES_MAX if begin else first_room
        more.extend(range(begin + room, following, LINE_BYTES_MAX))
    return more


def _edge_after(size: int, is_open: bool, starts: list[int], edge: Edge) -> Edge:  # noqa: FBT001 - one caller, above
    if not is_open:
        return Edge()
    room = LINE_BYTES_MAX - (size - starts[-1]) if starts else edge.room - size
    return Edge(room, continues=room == 0)


def make_records(chunk: LogChunk, skip: int, cut: Cut, position: int) -> "array[int]":
    """Make the records of a chunk whose first `skip` bytes were stored before and whose others go to `position`."""
    ends = list(accumulate(chunk.lengths))
    segments = list(map(partial(bisect_right, ends), map(skip.__add__, cut.starts)))
    streams = map(_STREAM_WORDS.__getitem__, map(chunk.streams.__getitem__, segments))
    words = array("Q", map(or_, map(position.__add__, cut.starts), streams))
    times = array("q", map(chunk.times_us.__getitem__, segments))
    if cut.continued:
        words = array("Q", [word | _continued(start, cut) for word, start in zip(words, cut.starts, strict=True)])
    return _interleave(words, times)


def guess_records(cut: Cut, position: int, time_us: int) -> "array[int]":
    """Make records for bytes whose times and streams were lost in a crash."""
    stream = _STREAM_WORDS[LogStream.STDOUT]
    words = array("Q", [position + start | stream | _continued(start, cut) for start in cut.starts])
    return _interleave(words, array("q", [time_us]) * len(words))


def mark_record(word: int, value: int) -> "array[int]":
    """Make the record of a gap or of the end."""
    return array("Q", [word, value])


def _continued(start: int, cut: Cut) -> int:
    return CONTINUED if start in cut.continued else 0


def _interleave(words: "array[int]", times: Sequence[int]) -> "array[int]":
    unsigned = array("Q")
    unsigned.frombytes(array("q", times).tobytes())
    records = array("Q", bytes(RECORD_BYTES * len(words)))
    records[0::2] = words
    records[1::2] = unsigned
    return records
