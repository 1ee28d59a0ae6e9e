"""Whether the disk takes logs. When it does not, nothing is acknowledged and a probe finds out when it does again."""

import asyncio
import os
from pathlib import Path

import structlog
from prometheus_client import Gauge

from tisktask_logstream import words

log = structlog.get_logger()

PROBE_SECONDS = 1.0
_PROBE_BYTES = 1024 * 1024

disk_refuses = Gauge("tisktask_log_disk_refuses", "1 while the disk does not take logs (full, read-only, failing)")


class Disk:
    """The disk below the logs, as the last write found it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def is_writable(self) -> bool:
        return self._writable.is_set()

    async def is_ready(self) -> bool | str:
        return self.is_writable or words.DISK_REFUSES

    def notice(self) -> str:
        """What people are told while it refuses; empty if it does not."""
        return "" if self.is_writable else words.DISK_REFUSES

    async def until_writable(self) -> None:
        await self._writable.wait()

    def report(self, error: OSError) -> None:
        """Somebody could not write."""
        if self.is_writable:
            self._writable.clear()
            disk_refuses.set(1)
            log.error("disk_refuses_logs", folder=str(self._folder), error=str(error))

    async def run(self) -> None:
        """Try again every second while the disk refuses."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if self.is_writable:
                continue
            try:
                await asyncio.to_thread(self._probe)
            except OSError as error:
                log.warning("disk_still_refuses_logs", folder=str(self._folder), error=str(error))
                continue
            log.info("disk_takes_logs_again", folder=str(self._folder))
            disk_refuses.set(0)
            self._writable.set()

    def _probe(self) -> None:
        path = self._folder / ".probe"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            left = _PROBE_BYTES
            while left > 0:
                left -= os.write(descriptor, bytes(left))
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
            path.unlink()
