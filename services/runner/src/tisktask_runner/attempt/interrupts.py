"""Who wants an attempt to end before it does by itself, and how its work hears of it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from tisktask_common.rpc import StopOrder

log = structlog.get_logger()

ResultT = TypeVar("ResultT")


class Interrupted:
    """The work was given up; `Interrupts` knows why."""


class Interrupts:
    """The first stop order counts. Being fenced counts more: then the attempt is no longer ours."""

    def __init__(self, order: StopOrder | None, keep: Callable[[StopOrder], None]) -> None:
        self.order = order
        self.is_fenced = False
        self._keep = keep
        self._any = asyncio.Event()
        self._fenced = asyncio.Event()
        if order:
            self._any.set()

    def stop(self, order: StopOrder) -> None:
        if self.order is None and not self.is_fenced:
            # On disk first: whoever adopts the attempt must not take the stopped program's exit for its own doing.
            try:
                self._keep(order)
            except OSError as error:
                # A full disk keeps nobody from stopping it. The orchestrator says it again to whoever adopts it.
                log.warning("stop_not_kept", job=order.job_id, attempt=order.attempt, error=str(error))
            self.order = order
            self._any.set()

    def fence(self) -> None:
        self.is_fenced = True
        self._fenced.set()
        self._any.set()

    @property
    def is_set(self) -> bool:
        return self._any.is_set()

    async def until_any(self) -> None:
        await self._any.wait()

    async def until_fenced(self) -> None:
        await self._fenced.wait()

    async def guard(self, work: Coroutine[Any, Any, ResultT]) -> ResultT | Interrupted:
        """Do the work unless an interrupt comes first: then it is cancelled, and has ended when this returns."""
        return await _unless(self._any, work)

    async def guard_from_fence(self, work: Coroutine[Any, Any, ResultT]) -> ResultT | Interrupted:
        """Do the work unless the attempt is fenced off; a stop order is not of its business."""
        return await _unless(self._fenced, work)


async def _unless(interrupt: asyncio.Event, work: Coroutine[Any, Any, ResultT]) -> ResultT | Interrupted:
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(interrupt.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        waiting.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
    # It may have ended well in the last moment; then that counts.
    return Interrupted() if task.cancelled() or task.exception() else task.result()
