"""What a parser makes of a piece of a log file: the bytes that were written, and when and where each part was."""

from array import array
from dataclasses import dataclass, field

from tisktask_common.log_chunk import LogStream

#: So much of a log file becomes one chunk. No record of a log file is longer, and none makes its output longer,
#: so the chunk stays below CHUNK_BYTES_MAX and SEGMENTS_MAX.
BLOCK_BYTES = 256 * 1024


@dataclass
class Segments:
    """Output in the order of the file. Segment i is the next `lengths[i]` bytes of `data`."""

    #: How much of the file this is: the rest of the block is the beginning of a record.
    consumed: int = 0
    data: bytes = b""
    times_us: "array[int]" = field(default_factory=lambda: array("q"))
    streams: bytearray = field(default_factory=bytearray)
    lengths: "array[int]" = field(default_factory=lambda: array("I"))

    def cut(self, length: int) -> None:
        """Keep the first `length` bytes of the output."""
        self.data = self.data[:length]
        kept = 0
        for index, segment_length in enumerate(self.lengths):
            if kept + segment_length >= length:
                self.lengths[index] = length - kept
                end = index + (1 if length > kept else 0)
                del self.lengths[end:], self.times_us[end:], self.streams[end:]
                return
            kept += segment_length

    def append(self, time_us: int, stream: LogStream, data: bytes) -> None:
        self.data += data
        self.times_us.append(time_us)
        self.streams.append(stream)
        self.lengths.append(len(data))
