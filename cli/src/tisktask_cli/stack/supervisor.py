"""Keeps the stack's processes alive: starts them, starts them again when they die, ends them in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable

from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.program import Program, Started, start_by_exec
from tisktask_cli.stack.pumps import Pumps
from tisktask_cli.stack.reaper import Reaper

BACKOFF_SECONDS = 0.2
BACKOFF_SECONDS_MAX = 10.0
#: Whoever lived this long has recovered: its next death is a new story.
RECOVERED_SECONDS = 30.0
_LAST_WORDS_SECONDS = 0.5

Start = Callable[[Program], Started]


class Supervised:
    """One program: at most one process of it at a time, until `stop`."""

    def __init__(self, program: Program, start: Start, reaper: Reaper, journal: Journal, pumps: Pumps) -> None:
        self.program = program
        self.pid: int | None = None
        self.restarts = 0
        self._start = start
        self._reaper = reaper
        self._journal = journal
        self._pumps = pumps
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=program.name)

    async def stop(self) -> None:
        """Ask it to end; kill it when its time is over."""
        self._stopping.set()
        self._signal(self.program.stop_signal)
        _, late = await asyncio.wait({self._task}, timeout=self.program.stop_seconds)
        if late:
            self._journal.say("process_killed", "warning", name=self.program.name, after=self.program.stop_seconds)
            self._signal(signal.SIGKILL)
        await self._task

    def restart(self) -> None:
        """Ask the process to end: another one is started."""
        self._signal(self.program.stop_signal)

    def kill(self) -> None:
        """End it at once."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    async def _run(self) -> None:
        backoff = BACKOFF_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            what = await self._live_once()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > RECOVERED_SECONDS:
                backoff = BACKOFF_SECONDS
            self.restarts += 1
            self._journal.say(
                "process_ended", "error", name=self.program.name, how=what, starts_again_in_seconds=backoff
            )
            try:
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            except TimeoutError:
                backoff = min(BACKOFF_SECONDS_MAX, backoff * 2)

    async def _live_once(self) -> str:
        """Run one process to its end; say how it ended."""
        try:
            self.program.prepare()
            started = self._start(self.program)
        except Exception as error:  # noqa: BLE001 - the loop top of this process: shown, and tried again
            return f"could not be started: {error}"
        ended = self._reaper.wait_for(started.pid)
        self.pid = started.pid
        pump = await self._pumps.attach(self.program.name, started.output)
        if self._stopping.is_set():  # told to stop between two lives
            self._signal(self.program.stop_signal)
        code = await ended
        self.pid = None
        # Descendants may hold the pipe open for longer: they keep their pump.
        await asyncio.wait({pump}, timeout=_LAST_WORDS_SECONDS)
        return describe_exit(code)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            # Not yet collected, so the number is still this process's, even if it has just died.
            os.kill(self.pid, number)


class Supervisor:
    """All programs of the stack, in groups that end one after the other."""

    def __init__(self, reaper: Reaper, journal: Journal, start: Start = start_by_exec) -> None:
        self._reaper = reaper
        self._journal = journal
        self._pumps = Pumps(journal)
        self._start = start
        self._groups: dict[int, list[Supervised]] = {}
        #: Processes that end by themselves.
        self._passing: set[int] = set()

    def start(self, program: Program, stops_at: int) -> Supervised:
        """Begin to supervise a program; groups with a lower `stops_at` end first."""
        supervised = Supervised(program, self._start, self._reaper, self._journal, self._pumps)
        self._groups.setdefault(stops_at, []).append(supervised)
        return supervised

    async def run_once(self, program: Program) -> int:
        """Run a program that ends by itself; its exit code."""
        program.prepare()
        started = self._start(program)
        ended = self._reaper.wait_for(started.pid)
        await self._pumps.attach(program.name, started.output)
        self._passing.add(started.pid)
        try:
            return await ended
        finally:
            if ended.done():
                self._passing.discard(started.pid)

    async def stop(self) -> None:
        """End group after group."""
        self._kill_passing()
        for stops_at in sorted(self._groups):
            await asyncio.gather(*(supervised.stop() for supervised in self._groups[stops_at]))
        self._pumps.close()

    def kill(self) -> None:
        """End everything at once: the user has asked twice."""
        self._kill_passing()
        for group in self._groups.values():
            for supervised in group:
                supervised.kill()

    def _kill_passing(self) -> None:
        for pid in self._passing:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._passing.clear()


def describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
