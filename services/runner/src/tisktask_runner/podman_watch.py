"""Whether Podman answers: asked every second, for all who wait for it or want to be told."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from prometheus_client import Counter, Gauge

from tisktask_runner import words

log = structlog.get_logger()

#: A restart that is quickly over is not worth a line in a job's log.
_SAID_AFTER_SECONDS = 3.0

podman_answers = Gauge("tisktask_podman_answers", "1: Podman's API answers; 0: it is away, or hangs")
podman_losses = Counter("tisktask_podman_losses_total", "Times that Podman's API went away or began to hang")


class PodmanWatch:
    """What is known of Podman. Until the first look, nothing."""

    def __init__(self) -> None:
        #: Since when it does not answer, by the monotonic clock; None: it does, or was never asked.
        self._away_since: float | None = None
        self._is_away = asyncio.Event()
        self._is_there = asyncio.Event()

    @property
    def problem(self) -> str:
        """A sentence for people; empty: there is none."""
        return "" if self._away_since is None else words.podman_away(time.monotonic() - self._away_since)

    def note(self, *, is_there: bool) -> None:
        """Note the answer to a look."""
        podman_answers.set(is_there)
        if is_there and not self._is_there.is_set():
            log.info("podman_found")
            self._away_since = None
            self._is_away.clear()
            self._is_there.set()
        elif not is_there and not self._is_away.is_set():
            podman_losses.inc()
            log.warning("podman_away", consequence="no work is taken")
            self._away_since = time.monotonic()
            self._is_there.clear()
            self._is_away.set()

    @asynccontextmanager
    async def telling(self, say: Callable[[str], None]) -> AsyncGenerator[None]:
        """Say in a job's log what it waits for, whenever that takes long."""
        task = asyncio.create_task(self._tell_forever(say), name="tell of podman")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _tell_forever(self, say: Callable[[str], None]) -> None:
        while True:
            await self._is_away.wait()
            since = time.monotonic()
            with suppress(TimeoutError):
                # Not `wait_for`: in Python 3.11 it can swallow a cancellation.
                async with asyncio.timeout(_SAID_AFTER_SECONDS):
                    await self._is_there.wait()
                    continue
            say(words.podman_awaited())
            await self._is_there.wait()
            say(words.podman_is_back(time.monotonic() - since))
