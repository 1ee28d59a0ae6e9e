"""The supervisor's side of `preloaded.py`: starts Python programs by a fork of a process that is warm."""

import asyncio
import json
import os
import socket

from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.preloaded import PADDING, REQUEST_BYTES_MAX
from tisktask_cli.stack.program import Program, Started, python_module, start_by_exec
from tisktask_cli.stack.pumps import Pumps
from tisktask_cli.stack.reaper import Reaper

_READY_SECONDS = 30.0
_REPLY_SECONDS = 5.0


class WarmStart:
    """Starts programs: Python modules by the warm process, everything else, and without it, by execution."""

    def __init__(self, reaper: Reaper, journal: Journal) -> None:
        self._reaper = reaper
        self._journal = journal
        self._pumps = Pumps(journal)
        self._channel: socket.socket | None = None
        self._is_warm = False

    async def begin(self) -> None:
        """Start the warm process; `warm_up` waits for it."""
        self._channel, their_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with their_end:
            os.set_inheritable(their_end.fileno(), True)  # noqa: FBT003 - the library's own signature
            command = python_module("tisktask_cli.stack.preloaded", str(their_end.fileno()), PADDING)
            started = start_by_exec(Program("preloaded", command))
        self._reaper.wait_for(started.pid).add_done_callback(self._note_end)
        await self._pumps.attach("preloaded", started.output)

    async def warm_up(self) -> None:
        """Wait until it has imported everything; without it programs start too, only slower."""
        if self._channel is None:
            return
        self._channel.setblocking(False)  # noqa: FBT003
        try:
            async with asyncio.timeout(_READY_SECONDS):
                self._is_warm = bool(await asyncio.get_running_loop().sock_recv(self._channel, 1024))
        except (OSError, TimeoutError) as error:
            self._journal.say("warm_start_unavailable", "warning", error=repr(error))
        self._channel.settimeout(_REPLY_SECONDS)

    def start(self, program: Program) -> Started:
        if self._channel is None or not self._is_warm or program.module is None:
            return start_by_exec(program)
        try:
            return self._start_warm(self._channel, program)
        except (OSError, ValueError) as error:
            self._is_warm = False
            self._journal.say("warm_start_failed", "warning", error=repr(error))
            return start_by_exec(program)

    def close(self) -> None:
        """Let the warm process end."""
        self._is_warm = False
        if self._channel:
            self._channel.close()
        self._pumps.close()

    def _start_warm(self, channel: socket.socket, program: Program) -> Started:
        order = {
            "module": program.module,
            "arguments": list(program.command[3:]),
            "environment": {**os.environ, **program.environment()},
        }
        request = json.dumps(order).encode()
        if len(request) > REQUEST_BYTES_MAX:
            return start_by_exec(program)
        output, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            socket.send_fds(channel, [request], [write_end])
            reply = channel.recv(1024)
            return Started(json.loads(reply)["pid"], output)
        except (OSError, ValueError):
            os.close(output)
            raise
        finally:
            os.close(write_end)

    def _note_end(self, _ended: asyncio.Future[int]) -> None:
        if self._is_warm:
            self._is_warm = False
            self._journal.say("warm_start_lost", "warning")
