"""Keeps deliveries going: starts one for each status that is due, as many at once as allowed."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import Counter

from tisktask_reporter.status import StatusKey
from tisktask_reporter.store import Store

log = structlog.get_logger()

#: What another process has left behind is noticed after this time; new statuses and retries at once.
POLL_SECONDS = 1.0
POLL_SECONDS_MIN = 0.02
STOP_SECONDS = 5.0

loop_errors = Counter("tisktask_reporter_errors_total", "Unexpected errors in the reporter's loops", ["loop"])


class DeliveryLoop:
    """Runs until cancelled; `wake` has it look at once."""

    def __init__(self, store: Store, deliver: Callable[[StatusKey], Awaitable[bool]], at_once_max: int) -> None:
        self._store = store
        self._deliver = deliver
        self._at_once_max = at_once_max
        self._running: dict[StatusKey, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        try:
            while True:
                self._woken.clear()
                pause_seconds = await self._start_due()
                try:
                    # Not `wait_for`: in Python 3.11 it loses a cancellation that comes together with the event.
                    async with asyncio.timeout(pause_seconds):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            await self._finish()

    async def _start_due(self) -> float:
        """Start what can be started; returns after how many seconds to look again."""
        free = self._at_once_max - len(self._running)
        if free <= 0:
            return POLL_SECONDS
        try:
            # Those that have been started a moment ago may not be claimed yet.
            due = await self._store.find_due_statuses(free + len(self._running))
            next_seconds = await self._store.read_next_moment()
        except Exception:
            loop_errors.labels("delivery").inc()
            log.exception("due_statuses_not_read")
            return POLL_SECONDS
        for key in [key for key in due if key not in self._running][:free]:
            self._running[key] = asyncio.create_task(self._deliver_one(key))
        return min(POLL_SECONDS, max(POLL_SECONDS_MIN, next_seconds or POLL_SECONDS))

    async def _deliver_one(self, key: StatusKey) -> None:
        try:
            if await self._deliver(key):
                self.wake()
        except Exception:
            # Not woken: what fails in an unforeseen way is tried again at the pace of the poll.
            loop_errors.labels("delivery").inc()
            log.exception("delivery_failed", repository_id=key.repository_id, sha=key.sha, context=key.context)
        finally:
            del self._running[key]

    async def _finish(self) -> None:
        """Let posts that are under way end: their outcome is known then and need not be found out by another."""
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
