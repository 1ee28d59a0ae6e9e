"""Listings of commits that were read a moment ago: jobs that start others ask for the same one again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from tisktask_runner.source.listing import FILES_MAX
from tisktask_runner.source.tree import Listing

KEPT_SECONDS = 30.0


class RecentListings:
    """Of all of them together, no more files are kept than one commit may have; and only for a moment."""

    def __init__(self, files_max: int = FILES_MAX, kept_seconds: float = KEPT_SECONDS) -> None:
        self._files_max = files_max
        self._kept_seconds = kept_seconds
        self._kept: dict[Hashable, Listing] = {}
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}
        self._alone = asyncio.Lock()

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Listing]]) -> Listing:
        """Give the listing of that key, read it if need be: one at a time, so that many who ask cost one reading."""
        if key in self._kept:
            return self._keep(key, self._kept[key])
        async with self._alone:
            return self._keep(key, self._kept.get(key) or await read())

    def _keep(self, key: Hashable, listing: Listing) -> Listing:
        self._drop(key)
        # The one that was used last stays, whatever its size.
        while self._kept and len(listing.entries) + self._files > self._files_max:
            self._drop(next(iter(self._kept)))
        self._kept[key] = listing
        self._timers[key] = asyncio.get_running_loop().call_later(self._kept_seconds, self._drop, key)
        return listing

    @property
    def _files(self) -> int:
        return sum(len(listing.entries) for listing in self._kept.values())

    def _drop(self, key: Hashable) -> None:
        self._kept.pop(key, None)
        if timer := self._timers.pop(key, None):
            timer.cancel()
