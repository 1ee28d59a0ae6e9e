"""Reads a file of plain output: the log of a preparation or a build, or what Tisktask itself says about a job."""

from tisktask_common.log_chunk import LogStream
from tisktask_runner.log.segments import Segments


def parse(block: bytes, stream: LogStream, time_us: int) -> Segments:
    """Take all of it as output of `stream`. The file knows no times: `time_us` is when it was read."""
    result = Segments(consumed=len(block))
    if block:
        result.append(time_us, stream, block)
    return result
