"""The two files of a log: `<job>.<attempt>[.<container>].log` (bytes as written) and `.index` (records)."""

import os
from array import array
from dataclasses import dataclass
from pathlib import Path

from tisktask_logstream.archive.records import RECORD_BYTES


@dataclass(frozen=True)
class LogFiles:
    """Open descriptors. Whoever opened them closes them."""

    log: int
    index: int

    @classmethod
    def open(cls, path: Path, *, create: bool) -> "LogFiles":
        """Open both files; raises FileNotFoundError if the log is not there and may not be made."""
        index_path = path.with_suffix(".index")
        is_new = create and not path.exists()
        if is_new:
            path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o640)
        try:
            index = os.open(index_path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o640)
        except OSError:
            os.close(log)
            raise
        if is_new:
            _sync_folders(path.parent)
        return cls(log, index)

    def close(self) -> None:
        os.close(self.log)
        os.close(self.index)

    def read_log(self, position: int, size: int) -> bytes:
        return os.pread(self.log, size, position)

    def write_log(self, data: bytes | memoryview, position: int) -> None:
        _write_all(self.log, data, position)

    def read_records(self, first: int, count: int) -> "array[int]":
        """Read `count` records from number `first` (from 0); fewer if the file ends before."""
        raw = os.pread(self.index, count * RECORD_BYTES, first * RECORD_BYTES)
        records = array("Q")
        records.frombytes(raw[: len(raw) // RECORD_BYTES * RECORD_BYTES])
        return records

    def write_records(self, records: "array[int]", number: int) -> None:
        _write_all(self.index, records.tobytes(), number * RECORD_BYTES)

    def sizes(self) -> tuple[int, int]:
        """Bytes of the log, whole records of the index."""
        return os.fstat(self.log).st_size, os.fstat(self.index).st_size // RECORD_BYTES

    def is_torn(self) -> bool:
        """Whether the index ends within a record."""
        return os.fstat(self.index).st_size % RECORD_BYTES != 0

    def truncate(self, log_bytes: int, records: int) -> None:
        os.ftruncate(self.log, log_bytes)
        os.ftruncate(self.index, records * RECORD_BYTES)

    def sync(self) -> None:
        os.fdatasync(self.log)
        os.fdatasync(self.index)


def _write_all(descriptor: int, data: bytes | memoryview, position: int) -> None:
    # A write that meets the end of the disk is short; only the next one says so.
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, position)
        rest = rest[written:]
        position += written


def _sync_folders(folder: Path) -> None:
    """Make the names of new files durable, and that of the run's folder."""
    for path in (folder, folder.parent):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
