"""Makes appended bytes durable, for many logs by one group of fdatasync; whoever waits may then acknowledge."""

import asyncio

import structlog
from prometheus_client import Counter, Histogram

from tisktask_logstream.archive.library import OpenLog

log = structlog.get_logger()

GATHER_SECONDS = 0.02

groups_synced = Counter("tisktask_log_groups_synced_total", "Groups of log files that were made durable")
sync_seconds = Histogram("tisktask_log_sync_seconds", "Time to make a group of log files durable")

_Waiting = dict[OpenLog, list["asyncio.Future[None]"]]


class GroupSync:
    """Gathers for a moment, syncs every log once, then tells all who wait."""

    def __init__(self, gather_seconds: float = GATHER_SECONDS) -> None:
        self._gather_seconds = gather_seconds
        self._waiting: _Waiting = {}
        self._wake = asyncio.Event()
        self._has_ended = False

    async def made_durable(self, opened: OpenLog) -> None:
        """Return when all that the log holds now is on disk; raises OSError, the log rolled back, if that failed."""
        future = asyncio.get_running_loop().create_future()
        if self._has_ended:
            await self._sync({opened: [future]})
        else:
            self._waiting.setdefault(opened, []).append(future)
            self._wake.set()
        await future

    async def run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                await asyncio.sleep(self._gather_seconds)
                self._wake.clear()
                group, self._waiting = self._waiting, {}
                await self._sync(group)
        finally:
            # Who still waits at the end of the service is served; who comes later serves himself.
            self._has_ended = True
            await self._sync(self._waiting)

    async def _sync(self, group: _Waiting) -> None:
        with sync_seconds.time():
            failures = await asyncio.to_thread(_sync_all, list(group))
        groups_synced.inc()
        for opened, futures in group.items():
            error = failures.get(opened)
            if error:
                # What the kernel could not write it may have dropped: back to what is known to be on disk.
                async with opened.writing:
                    await asyncio.to_thread(opened.stored.roll_back)
            for future in futures:
                if future.done():
                    continue
                if error:
                    future.set_exception(error)
                else:
                    future.set_result(None)


def _sync_all(group: list[OpenLog]) -> dict[OpenLog, OSError]:
    failures: dict[OpenLog, OSError] = {}
    for opened in group:
        try:
            opened.stored.sync()
        except OSError as error:
            failures[opened] = error
    return failures
