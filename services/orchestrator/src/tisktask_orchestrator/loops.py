"""Loops that go on whatever happens in a round, and that end when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg
import structlog
from prometheus_client import Counter

log = structlog.get_logger()

loop_failures = Counter("tisktask_loop_failures_total", "Rounds of a loop that failed", ["loop"])

_AGAIN_SECONDS = 1.0


async def repeat(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Take a step, pause, and so on."""
    while True:
        await survive(name, step)
        await asyncio.sleep(seconds)


async def repeat_at_bell(name: str, step: Callable[[], Awaitable[object]], bell: asyncio.Event, seconds: float) -> None:
    """Take a step when the bell rings, and by itself after some time."""
    while True:
        bell.clear()
        await survive(name, step)
        await is_set(bell, seconds)


async def is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event; False: it did not come in time.

    Not `asyncio.wait_for`: before Python 3.12 it swallows a cancellation that comes together with the event.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def run_together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run what never ends by itself; when one of them fails or we are cancelled, all of them are ended."""
    tasks = {asyncio.create_task(part) for part in parts}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        while tasks:
            # Again and again: libraries that use `asyncio.wait_for` may swallow a cancellation.
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=_AGAIN_SECONDS)


async def survive(name: str, step: Callable[[], Awaitable[object]]) -> None:
    """Take one step; a failure is logged and counted, and whoever called goes on."""
    try:
        await step()
    except psycopg.OperationalError as error:
        loop_failures.labels(name).inc()
        log.warning("loop_waits_for_database", loop=name, error=str(error))
    except Exception:
        loop_failures.labels(name).inc()
        log.exception("loop_failed", loop=name)
