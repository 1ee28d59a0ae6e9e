"""Runs one blocking call in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

ResultT = TypeVar("ResultT")


async def in_own_thread(name: str, work: Callable[[], ResultT]) -> ResultT:
    """Await `work()`. A cancelled caller does not wait for it.

    Not asyncio's pool: a call that waits for a lock or a slow server would keep others from it, and the
    process would wait for the call when it ends.
    """
    future: Future[ResultT] = Future()
    future.set_running_or_notify_cancel()
    threading.Thread(target=_settle, args=(future, work), name=name, daemon=True).start()
    return await asyncio.wrap_future(future)


def _settle(future: "Future[ResultT]", work: Callable[[], ResultT]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - it is raised again where the call is awaited
        future.set_exception(error)
    else:
        future.set_result(result)
