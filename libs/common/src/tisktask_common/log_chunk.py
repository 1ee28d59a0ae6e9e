"""The wire form of a piece of a job's output: raw bytes at an offset, with the time and stream of each segment.

The offset counts the bytes that the program wrote before, so a reader can drop what it has already (a piece may be
sent again, cut differently, after its sender died) and sees when something is missing.
"""

import struct
from array import array
from dataclasses import dataclass, field
from enum import IntEnum

import zstandard

from tisktask_common.errors import InfrastructureError

#: With it a chunk stays below the bus's message limit even if it can not be compressed.
CHUNK_BYTES_MAX = 256 * 1024
SEGMENTS_MAX = 8192

_HEAD = struct.Struct("<BBQI")  # format, flags, offset, number of segments
_FORMAT = 1
_FLAG_LAST = 1
_FLAG_TRUNCATED = 2
_DECODED_BYTES_MAX = 2 * 1024 * 1024


class LogFormatError(InfrastructureError):
    """A log message does not have the form that this version knows."""

    code = "log_format"


class LogStream(IntEnum):
    """Where a segment came from."""

    STDOUT = 1
    STDERR = 2
    #: Said by Tisktask, not by the program.
    SYSTEM = 3


@dataclass
class LogChunk:
    """A piece of a log. Segment i has `lengths[i]` bytes of `data`, written at `times_us[i]` (epoch, microseconds)."""

    offset: int
    data: bytes = b""
    times_us: "array[int]" = field(default_factory=lambda: array("q"))
    streams: bytearray = field(default_factory=bytearray)
    lengths: "array[int]" = field(default_factory=lambda: array("I"))
    #: Nothing comes after this one.
    is_last: bool = False
    #: The log ended at its size limit, not with the program.
    is_truncated: bool = False

    @property
    def end(self) -> int:
        return self.offset + len(self.data)

    def message_id(self, job: str, attempt: int, container: str = "") -> str:
        """Name the chunk for deduplication: offset and length, for a resumed sender may cut differently."""
        log = f"{job}.{attempt}.{container}" if container else f"{job}.{attempt}"
        return f"{log}:{self.offset}+{len(self.data)}{'!' if self.is_last else ''}"


def encode(chunk: LogChunk) -> bytes:
    flags = (_FLAG_LAST if chunk.is_last else 0) | (_FLAG_TRUNCATED if chunk.is_truncated else 0)
    head = _HEAD.pack(_FORMAT, flags, chunk.offset, len(chunk.lengths))
    body = b"".join((chunk.times_us.tobytes(), bytes(chunk.streams), chunk.lengths.tobytes(), chunk.data))
    return head + zstandard.ZstdCompressor(level=1).compress(body)


def decode(message: bytes) -> LogChunk:
    """Read a chunk; raises LogFormatError for anything else."""
    try:
        form, flags, offset, count = _HEAD.unpack_from(message)
        if form != _FORMAT:
            raise LogFormatError(f"log message of format {form}; this version knows {_FORMAT}")
        body = zstandard.ZstdDecompressor().decompress(message[_HEAD.size :], max_output_size=_DECODED_BYTES_MAX)
        times, lengths = array("q"), array("I")
        times.frombytes(body[: 8 * count])
        streams = bytearray(body[8 * count : 9 * count])
        lengths.frombytes(body[9 * count : 13 * count])
    except (struct.error, zstandard.ZstdError, ValueError) as error:
        raise LogFormatError(f"log message is damaged: {error}") from error
    data = body[13 * count :]
    if len(lengths) != count or sum(lengths) != len(data):
        raise LogFormatError("log message is damaged: its segments do not add up to its data")
    return LogChunk(offset, data, times, streams, lengths, bool(flags & _FLAG_LAST), bool(flags & _FLAG_TRUNCATED))
