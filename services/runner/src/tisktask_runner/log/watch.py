"""Wakes whoever waits for a file to grow. One inotify instance per process: a host allows only a few."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog
from inotify_simple import INotify, flags

log = structlog.get_logger()

#: Where there is no inotify (none left on the host, a network file system) files are looked at this often.
_POLL_SECONDS = 0.1
#: With inotify too: a wake-up may be lost, a log line may not wait for ever.
_RECHECK_SECONDS = 1.0


class FileWatcher:
    """Watches are armed once per wait, so a program that writes without pause costs nothing while it is read."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Event] = {}
        self._inotify: INotify | None = None

    def start(self) -> None:
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            log.warning("inotify_not_available", error=str(error), poll_seconds=_POLL_SECONDS)
            return
        asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._on_change)

    def close(self) -> None:
        if self._inotify:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    async def wait_for_growth(self, path: Path, size: int, also: asyncio.Event) -> None:
        """Return when the file is longer than `size`, `also` is set, or after a while in any case."""
        changed = self._arm(path)
        seconds = _RECHECK_SECONDS if changed else _POLL_SECONDS
        # Looked at after the watch is armed: what is written from now on wakes us.
        if _size(path) > size or also.is_set():
            return
        waits = [asyncio.create_task(event.wait()) for event in (changed, also) if event]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _arm(self, path: Path) -> asyncio.Event | None:
        if not self._inotify:
            return None
        try:
            watch = self._inotify.add_watch(path, flags.MODIFY | flags.ONESHOT)
        except OSError:
            # Not there yet, or no watches left: polled.
            return None
        return self._waiting.setdefault(watch, asyncio.Event())

    def _on_change(self) -> None:
        assert self._inotify  # noqa: S101 - the reader is removed before it is closed
        with suppress(BlockingIOError):
            for event in self._inotify.read(timeout=0):
                if waiting := self._waiting.pop(event.wd, None):
                    waiting.set()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
