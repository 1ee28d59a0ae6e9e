"""One build per key at a time on a host. The lock lives as long as the build, also if the runner does not."""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

POLL_SECONDS = 0.05


@asynccontextmanager
async def locked(
    path: Path, wait_seconds: float, on_wait: Callable[[], None] | None = None, *, is_shared: bool = False
) -> AsyncGenerator[int | None]:
    """Hold the lock: yields its descriptor, or `None` if it was not given back in time.

    A child that inherits the descriptor holds the lock, too, until it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    deadline = time.monotonic() + wait_seconds
    try:
        is_ours = _try(descriptor, kind)
        if not is_ours and on_wait:
            on_wait()
        while not is_ours and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
            is_ours = _try(descriptor, kind)
        yield descriptor if is_ours else None
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return True
    return False
