"""All logs of this process: which are open, who uses them, who waits for news of them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from tisktask_logstream.archive.stored_log import StoredLog
from tisktask_logstream.log_names import LogName


class Bell:
    """Wakes all who wait for a log, whether it exists yet or not."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    def next_ring(self) -> asyncio.Event:
        """The event of the next ring: take it before you look at the log, wait on it after."""
        return self._event


class OpenLog:
    """An open log with its users. `writing` orders those who append."""

    def __init__(self, name: LogName, stored: StoredLog) -> None:
        self.name = name
        self.stored = stored
        self.writing = asyncio.Lock()
        self.users = 0


class Library:
    """Opens logs on demand; closes those that nobody uses when they have ended, or when too many are open."""

    def __init__(self, folder: Path, open_max: int = 256, on_new: Callable[[LogName], None] | None = None) -> None:
        self.folder = folder
        self._on_new = on_new
        self._open_max = open_max
        self._open: OrderedDict[LogName, OpenLog] = OrderedDict()
        self._opening: WeakValueDictionary[LogName, asyncio.Lock] = WeakValueDictionary()
        self._bells: WeakValueDictionary[LogName, Bell] = WeakValueDictionary()

    def bell(self, name: LogName) -> Bell:
        bell = self._bells.get(name)
        if bell is None:
            bell = self._bells[name] = Bell()
        return bell

    def ring(self, name: LogName) -> None:
        bell = self._bells.get(name)
        if bell is not None:
            bell.ring()

    @asynccontextmanager
    async def borrow(self, name: LogName, *, create: bool = False) -> AsyncGenerator[OpenLog, None]:
        """Use a log; raises FileNotFoundError if there is none and none may be made, OSError if the disk fails."""
        opened = await self._get(name, create=create)
        opened.users += 1
        try:
            yield opened
        finally:
            opened.users -= 1
            self._close_some(opened)

    async def discard(self, name: LogName) -> None:
        """Forget a log that is about to be deleted: who uses it goes on, who comes later does not find it."""
        lock = self._opening.setdefault(name, asyncio.Lock())
        async with lock:
            opened = self._open.pop(name, None)
            if opened and opened.users == 0:
                opened.stored.close()

    def close(self) -> None:
        for opened in self._open.values():
            opened.stored.close()
        self._open.clear()

    async def _get(self, name: LogName, *, create: bool) -> OpenLog:
        lock = self._opening.setdefault(name, asyncio.Lock())
        async with lock:
            opened = self._open.get(name)
            if opened is None or opened.stored.is_broken:
                path = name.path(self.folder)
                stored = await asyncio.to_thread(StoredLog.open, path, create=create)
                opened = self._open[name] = OpenLog(name, stored)
                if create and self._on_new and not stored.extent.records:
                    self._on_new(name)
            self._open.move_to_end(name)
            return opened

    def _close_some(self, released: OpenLog) -> None:
        if released.users == 0 and self._open.get(released.name) is not released:
            released.stored.close()  # broken, and replaced by a new one
            return
        idle = [opened for opened in self._open.values() if opened.users == 0 and opened.stored.is_synced]
        too_many = max(0, len(self._open) - self._open_max)
        for number, opened in enumerate(idle):
            # Nothing is added to a log that has ended; who wants to read it opens it again.
            if number < too_many or opened.stored.extent.is_complete:
                del self._open[opened.name]
                opened.stored.close()
