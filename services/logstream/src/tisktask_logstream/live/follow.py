"""Following one log: what is stored, then what comes, until its end."""

import asyncio
from collections.abc import AsyncGenerator

import structlog

from tisktask_common.errors import DatabaseError
from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.library import Library
from tisktask_logstream.live.batches import Batches
from tisktask_logstream.live.sse import HEARTBEAT, HEARTBEAT_SECONDS, frame, heard
from tisktask_logstream.log_names import LogName
from tisktask_logstream.store import Store

log = structlog.get_logger()

#: News that come closer together make one event.
GATHER_SECONDS = 0.04
#: How long after an attempt's end the rest of its log may still be on the way.
_REST_SECONDS = 30.0


class LogFollower:
    """Makes the events of one log for any number of viewers."""

    def __init__(self, library: Library, store: Store) -> None:
        self._library = library
        self._store = store
        self._batches = Batches(library)

    async def follow(self, name: LogName, first: int) -> AsyncGenerator[bytes, None]:
        """Yield frames from line `first` on: every whole line once, in order; a partial line again as it grows."""
        yield HEARTBEAT
        bell = self._library.bell(name)
        following, shown_bytes = first, -1
        # Nothing comes any more from a host that was lost: looked up at first, and then with each heartbeat.
        looks_up = True
        seen: Extent | None = None
        while True:
            ring = bell.next_ring()
            extent = await self._extent(name)
            if seen and extent is None:
                yield _end_frame(seen, is_deleted=True)
                return
            seen = extent
            while extent and _has_news(extent, following, shown_bytes):
                try:
                    batch = await self._batches.read(name, extent, following)
                except FileNotFoundError:
                    yield _end_frame(extent, is_deleted=True)
                    return
                yield batch.frames
                is_partial_only = batch.last_whole < following
                following = batch.last_whole + 1
                if is_partial_only or following > extent.whole_lines:
                    shown_bytes = extent.stored_bytes
                    break
            if extent and extent.is_complete and following > extent.lines:
                yield _end_frame(extent)
                return
            if looks_up and await self._is_over(name):
                yield _end_frame(extent or Extent())
                return
            looks_up = not await heard(ring, HEARTBEAT_SECONDS)
            if looks_up:
                yield HEARTBEAT
            else:
                await asyncio.sleep(GATHER_SECONDS)

    async def _extent(self, name: LogName) -> Extent | None:
        try:
            async with self._library.borrow(name) as opened:
                return opened.stored.extent
        except FileNotFoundError:
            return None

    async def _is_over(self, name: LogName) -> bool:
        """Tell whether no more is to come although the log has no end: its host was lost, or it never began."""
        try:
            end = await self._store.get_attempt_end(name.job, name.attempt)
        except DatabaseError as error:
            log.warning("attempt_end_not_known", job=name.job, error=error.message)
            return False
        if end is None:
            return True
        is_rest_late = end.seconds_ago is None or end.seconds_ago >= _REST_SECONDS
        return end.is_over and (is_rest_late or not end.was_claimed)


def _has_news(extent: Extent, following: int, shown_bytes: int) -> bool:
    if following <= extent.whole_lines:
        return True
    return following <= extent.lines and extent.stored_bytes != shown_bytes


def _end_frame(extent: Extent, *, is_deleted: bool = False) -> bytes:
    return frame(
        "end",
        {
            "total": extent.lines,
            "complete": extent.is_complete,
            "truncated": extent.is_truncated,
            "gaps": [{"n": gap.number, "missing_bytes": gap.missing_bytes} for gap in extent.gaps],
        }
        | ({"deleted": True} if is_deleted else {}),
        extent.whole_lines,
    )
