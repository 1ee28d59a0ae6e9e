"""A folder that belongs to one process at a time, by a lock that the kernel frees when the process ends, however."""

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

_WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class HeldFolder:
    """The folder, and the lock on it."""

    path: Path
    descriptor: int

    def release(self) -> None:
        os.close(self.descriptor)


async def hold_folder(path: Path) -> HeldFolder:
    """Make the folder (mode 0700) and wait until no other process has it; raises OSError if it can not be used."""
    descriptor = await asyncio.to_thread(_open_lock, path)
    was_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not was_told:
                log.warning("folder_belongs_to_another_process", folder=str(path))
                was_told = True
            await asyncio.sleep(_WAIT_SECONDS)
        else:
            return HeldFolder(path, descriptor)


def _open_lock(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
