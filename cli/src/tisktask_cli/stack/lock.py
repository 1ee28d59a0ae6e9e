"""One `tisktask up` per data directory: a lock that the kernel frees when its holder dies."""

import fcntl
import os
import time
from pathlib import Path

from tisktask_cli.errors import CommandError
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.private_files import private_folder

#: `is_running` holds the lock for a moment: not a reason to refuse a start.
_PATIENCE_SECONDS = 0.5


class DataDirectoryLock:
    """Holds the data directory until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, layout: Layout) -> "DataDirectoryLock":
        private_folder(layout.root)
        descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
                os.close(descriptor)
                raise CommandError(
                    f"`tisktask up` is running on {layout.root} already (process {holder}): stop it first, or start"
                    " a second stack with another --data-dir, --port and --ingest-port"
                )
            time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def is_running(layout: Layout) -> bool:
    """Tell whether a `tisktask up` holds this data directory."""
    return _is_locked(layout.lock)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
