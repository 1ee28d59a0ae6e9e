"""Tells the orchestrator what is waiting to be told, again and again until it was heard."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from tisktask_common.errors import TisktaskError

log = structlog.get_logger()

PATIENCE_SECONDS = 5.0
#: After the patience of a request. It doubles up to the second: an older orchestrator will not hear for weeks.
_PAUSE_SECONDS = 1.0
_PAUSE_SECONDS_MAX = 60.0


class Telling:
    """When one kind of news is told. That nobody hears it is logged once, and that somebody does again."""

    def __init__(self, about: str) -> None:
        self._about = about
        self._has_news = asyncio.Event()
        self._failures = 0

    def has_news(self) -> None:
        """Something is waiting. Whatever failed before, it is tried at once: somebody may wait for it."""
        self._has_news.set()

    async def run(self, tell_all: Callable[[], Awaitable[None]]) -> None:
        """Have all told that waits. `tell_all` raises what keeps it from being heard, and is called again then."""
        while True:
            await self._wait()
            self._has_news.clear()
            try:
                await tell_all()
            except TisktaskError as error:
                if not self._failures:
                    log.warning("orchestrator_does_not_hear", about=self._about, error=error.message)
                self._failures += 1
            else:
                if self._failures:
                    log.info("orchestrator_hears_again", about=self._about, failures=self._failures)
                self._failures = 0

    async def _wait(self) -> None:
        if not self._failures:
            await self._has_news.wait()
            return
        pause = min(_PAUSE_SECONDS_MAX, _PAUSE_SECONDS * 2 ** min(self._failures - 1, 10))
        # Not `asyncio.wait_for`: before Python 3.12 it swallows a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._has_news.wait()
