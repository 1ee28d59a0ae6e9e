"""Collects every child process that ends: the supervised ones, and the orphans that fall to the stack."""

import asyncio
import os
import signal

from tisktask_cli.stack.kernel import adopt_orphans, leave_orphans_to_init


class Reaper:
    """Tells who waits for a process how it ended.

    Orphans (conmon, mostly) are collected too: in a container without an init they would stay as zombies.
    Nothing else in this process may wait for children.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[int]] = {}
        adopt_orphans()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._collect)

    def wait_for(self, pid: int) -> asyncio.Future[int]:
        """Give the future exit code of a child that was started in this turn of the loop (-N: by signal N)."""
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[pid] = ended
        return ended

    def close(self) -> None:
        leave_orphans_to_init()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)

    def _collect(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ended = self._waiting.pop(pid, None)
            if ended is not None and not ended.done():
                ended.set_result(os.waitstatus_to_exitcode(status))
