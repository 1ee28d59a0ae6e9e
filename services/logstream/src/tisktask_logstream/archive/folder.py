"""The folder of the logs belongs to one process at a time: two would write into the same files."""

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Folder:
    """The folder, held by a lock that the kernel frees when this process ends, however it ends."""

    path: Path
    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


async def take_folder(path: Path) -> Folder:
    """Wait until no other process has the folder; raises OSError if it can not be made."""
    descriptor = await asyncio.to_thread(_open_lock, path)
    was_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not was_told:
                log.warning("logs_belong_to_another_process", folder=str(path))
                was_told = True
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return Folder(path, descriptor)


def _open_lock(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
