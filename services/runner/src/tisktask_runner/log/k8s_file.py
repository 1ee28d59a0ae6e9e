"""Reads conmon's log file: lines of `<RFC 3339 time> <stdout|stderr> <F|P> <text>`.

F ends with a line feed that the program wrote, P is a piece without one. Joined, the texts are the program's bytes.
"""

import re
from datetime import datetime

from tisktask_common.log_chunk import LogStream
from tisktask_runner.log.segments import BLOCK_BYTES, Segments

# conmon gives all lines of one read the same time, so whole runs of lines have the same header: they are matched and
# stripped at once (the back reference), which is what makes this fast. A line that is no record (conmon died while
# it wrote, the disk was full) is passed through.
_RECORDS = re.compile(
    rb"((\d{4}-\S{18})(\S*) std(out|err) )(?:F (.*\n(?:\1F .*\n)*+)|P (.*)\n)"
    rb"|(.*\n)"
)
_STREAMS = {b"out": LogStream.STDOUT, b"err": LogStream.STDERR}


def parse(block: bytes, is_end: bool = False) -> Segments:  # noqa: FBT001, FBT002 - a property of the block
    """Read the complete records at the beginning of `block`. With `is_end` an incomplete one is taken as it is."""
    if is_end and not block.endswith(b"\n"):
        complete = parse(block)
        torn = parse(block[complete.consumed :] + b"\n")
        return _join(complete, torn, len(block))
    length = block.rfind(b"\n") + 1
    if not length and len(block) >= BLOCK_BYTES:
        return _pass_through(block)
    return _parse_records(block[:length])


def _parse_records(block: bytes) -> Segments:
    result = Segments(consumed=len(block))
    pieces: list[bytes] = []
    seconds: dict[tuple[bytes, bytes], int] = {}
    is_open = False
    time_us, stream, last_stamp, last_name = 0, LogStream.STDOUT, b"", b""
    for header, stamp, zone, name, lines, piece, foreign in _RECORDS.findall(block):
        if stamp and (stamp != last_stamp or name != last_name):
            time_us, stream, last_stamp, last_name = _microseconds(stamp, zone, seconds), _STREAMS[name], stamp, name
            is_open = False
        text = lines.replace(b"\n" + header + b"F ", b"\n") if lines else piece or foreign
        if not text:
            continue
        pieces.append(text)
        if is_open:
            result.lengths[-1] += len(text)
        else:
            result.times_us.append(time_us)
            result.streams.append(stream)
            result.lengths.append(len(text))
            is_open = True
    result.data = b"".join(pieces)
    return result


def _microseconds(stamp: bytes, zone: bytes, seconds: dict[tuple[bytes, bytes], int]) -> int:
    """Read a time to the millisecond; the second's part is remembered, it is the slow one."""
    zone = zone.lstrip(b"0123456789")
    key = (stamp[:19], zone)
    if key not in seconds:
        try:
            seconds[key] = int(datetime.fromisoformat((stamp[:19] + zone).decode()).timestamp())
        except ValueError:
            seconds[key] = 0
    digits = stamp[20:23]
    return seconds[key] * 1_000_000 + (int(digits) * 1000 if digits.isdigit() else 0)


def _join(first: Segments, second: Segments, consumed: int) -> Segments:
    first.consumed = consumed
    # The line feed was added to make the torn record complete; the file does not have it.
    second.cut(len(second.data) - 1 if second.data.endswith(b"\n") else len(second.data))
    first.data += second.data
    first.times_us += second.times_us
    first.streams += second.streams
    first.lengths += second.lengths
    return first


def _pass_through(block: bytes) -> Segments:
    result = Segments(consumed=len(block))
    result.append(0, LogStream.STDOUT, block)
    return result
