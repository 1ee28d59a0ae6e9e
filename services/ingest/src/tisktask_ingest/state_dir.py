"""The state directory: private, and held by one process at a time, because the spool has one order."""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Self

import structlog

from tisktask_common.errors import UserError
from tisktask_ingest import words

log = structlog.get_logger()

_WAIT_SECONDS = 0.2


class StateDir:
    """Where the key, the snapshot and the spool lie."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    async def take(cls, path: Path) -> Self:
        """Make the folder and hold its lock, waiting for another process to end. The kernel frees it at our death."""
        descriptor = _open_lock(path)
        has_waited = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not has_waited:
                    log.warning("state_dir_in_use", path=str(path))
                has_waited = True
                await asyncio.sleep(_WAIT_SECONDS)
            else:
                return cls(path, descriptor)

    def release(self) -> None:
        os.close(self._descriptor)

    @property
    def key(self) -> Path:
        return self._path / "key"

    @property
    def snapshot(self) -> Path:
        return self._path / "repositories.json"

    @property
    def spool(self) -> Path:
        return self._path / "spool"


def _open_lock(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(words.state_dir_not_usable(folder, error.strerror)) from error
