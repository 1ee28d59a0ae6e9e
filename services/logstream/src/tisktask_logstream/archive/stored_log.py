"""One log on disk: appending chunks in whatever cut and repetition they come. Called from threads, one at a time."""

from bisect import bisect_right
from dataclasses import replace
from enum import Enum
from itertools import accumulate
from pathlib import Path

import structlog

from tisktask_common.log_chunk import LogChunk
from tisktask_logstream.archive.extent import Extent, Gap
from tisktask_logstream.archive.files import LogFiles
from tisktask_logstream.archive.records import (
    END,
    GAP,
    OFFSET_MASK,
    STREAM_MASK,
    STREAM_SHIFT,
    TRUNCATED,
    Edge,
    cut_lines,
    make_records,
    mark_record,
)
from tisktask_logstream.archive.repair import survey

log = structlog.get_logger()


class Outcome(Enum):
    """What became of a chunk."""

    STORED = "stored"
    #: All of it was there already.
    KNOWN = "known"
    #: Something before it is missing.
    AHEAD = "ahead"


class StoredLog:
    """An open log. `extent` is a snapshot that any thread may read."""

    def __init__(self, files: LogFiles) -> None:
        found = survey(files)
        self.files = files
        self.extent = found.extent
        #: Set when the files could not be brought back to a known state: open the log again.
        self.is_broken = False
        self._synced = found.extent
        self._guessed = set(found.guessed)
        self._guessed_missing_bytes = found.extent.missing_bytes

    @classmethod
    def open(cls, path: Path, *, create: bool) -> "StoredLog":
        files = LogFiles.open(path, create=create)
        try:
            return cls(files)
        except BaseException:
            files.close()
            raise

    def close(self) -> None:
        self.files.close()

    @property
    def is_synced(self) -> bool:
        return self._synced == self.extent

    def append(self, chunk: LogChunk) -> Outcome:
        """Store what is new of a chunk; raises OSError, with nothing changed, if the disk does not take it."""
        if self._guessed:
            self._set_right(chunk)
        before = self.extent
        if before.is_complete:
            return Outcome.KNOWN
        if chunk.offset > before.end:
            return Outcome.AHEAD
        skip = before.end - chunk.offset
        if skip >= len(chunk.data) and not chunk.is_last:
            return Outcome.KNOWN
        try:
            self.extent = self._write(before, chunk, skip)
        except OSError:
            self._return_to(before)
            raise
        return Outcome.STORED

    def add_gap(self, missing_bytes: int) -> None:
        """Note that bytes are missing here and go on behind them. On disk at once: offsets count from it."""
        before = self.extent
        number = before.lines + 1
        try:
            self.files.write_records(mark_record(before.stored_bytes | GAP, missing_bytes), before.records)
            self.files.sync()
        except OSError:
            self._return_to(before)
            raise
        self.extent = replace(before, lines=number, gaps=(*before.gaps, Gap(number, missing_bytes)), edge=Edge())

    def end_with_gap(self, missing_bytes: int) -> None:
        """Note that the end of the log was lost after it had been stored: nobody sends it again."""
        before = self.extent
        self.add_gap(missing_bytes)
        try:
            self.files.write_records(mark_record(before.stored_bytes | END, 0), self.extent.records)
            self.files.sync()
        except OSError:
            self._return_to(before)
            raise
        self.extent = self._synced = replace(self.extent, is_complete=True)

    def sync(self) -> None:
        """Make durable what was appended before the call; raises OSError."""
        extent = self.extent
        self.files.sync()
        self._synced = extent

    def roll_back(self) -> None:
        """Forget what could not be made durable: it will be delivered again."""
        self._return_to(self._synced)

    def _write(self, before: Extent, chunk: LogChunk, skip: int) -> Extent:
        data = chunk.data[skip:]
        cut = cut_lines(data, before.edge)
        records = make_records(chunk, skip, cut, before.stored_bytes)
        after = replace(
            before,
            lines=before.lines + len(cut.starts),
            stored_bytes=before.stored_bytes + len(data),
            edge=cut.edge,
            is_complete=chunk.is_last,
            is_truncated=chunk.is_last and chunk.is_truncated,
        )
        if chunk.is_last:
            flags = END | (TRUNCATED if chunk.is_truncated else 0)
            records += mark_record(after.stored_bytes | flags, 0)
        self.files.write_log(data, before.stored_bytes)
        self.files.write_records(records, before.records)
        return after

    def _return_to(self, extent: Extent) -> None:
        try:
            self.files.truncate(extent.stored_bytes, extent.records)
        except OSError as error:
            self.is_broken = True
            log.error("log_not_rolled_back", error=repr(error))  # noqa: TRY400 - the caller tells of the cause
        else:
            self.extent = extent

    def _set_right(self, chunk: LogChunk) -> None:
        """Give guessed records the times and streams of a chunk that was delivered again."""
        ends = list(accumulate(chunk.lengths))
        for number in sorted(self._guessed):
            record = self.files.read_records(number, 1)
            start = (record[0] & OFFSET_MASK) + self._guessed_missing_bytes - chunk.offset
            if not 0 <= start < len(chunk.data):
                continue
            segment = bisect_right(ends, start)
            stream = chunk.streams[segment] if chunk.streams[segment] in {1, 2, 3} else 1
            record[0] = record[0] & ~STREAM_MASK | stream << STREAM_SHIFT
            record[1] = chunk.times_us[segment] & (1 << 64) - 1
            self.files.write_records(record, number)
            self._guessed.discard(number)
