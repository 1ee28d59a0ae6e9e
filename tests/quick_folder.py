"""Folders for what tests write and sync all the time: in memory, if there is room, for a busy disk takes longer than a test.

Nothing is lost there that a killed process had written; what becomes of data on a disk is tried on disks.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 1024**3


@contextmanager
def quick_folder(prefix: str) -> Iterator[Path]:
    """Make a folder with a short path, and remove it at the end."""
    has_room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix=prefix, dir=_MEMORY if has_room else "/tmp") as folder:
        yield Path(folder)
