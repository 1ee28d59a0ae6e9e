"""A disk that can be filled: a small tmpfs, mounted for a test and always unmounted again."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_FILLER = "filler"
_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system of so many bytes."""

    path: Path

    def fill(self) -> None:
        """Take all room that there is, to the last byte."""
        descriptor = os.open(self.path / _FILLER, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for size in (_BLOCK_BYTES, 4096, 1):
                while _could_write(descriptor, size):
                    """Go on."""
        finally:
            os.close(descriptor)

    def free(self, size: int | None = None) -> None:
        """Give the room back, or so much of it."""
        filler = self.path / _FILLER
        if size is None:
            filler.unlink()
        else:
            os.truncate(filler, filler.stat().st_size - size)

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path).free


@contextmanager
def small_disk(path: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount one at a new folder; where that is not allowed, the test is skipped."""
    path.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0755", "tisktask-small-disk", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here, so full disks can not be tried: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        # Lazily: a process that a failed test has left may still have it open.
        subprocess.run(["umount", "--lazy", str(path)], check=True)
        path.rmdir()


def _could_write(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, b"\0" * size) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
