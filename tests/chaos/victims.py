"""Finds the processes of a stack and strikes them: only descendants of its own `tisktask up`."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from chaos.schedule import RUNNERS, Blow, Part
from stack import Stack
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.ports import PortBook

_MARKS = {
    Part.INGEST: "-m tisktask_ingest",
    Part.ORCHESTRATOR: "-m tisktask_orchestrator",
    Part.REPORTER: "-m tisktask_reporter",
    Part.LOGSTREAM: "-m tisktask_logstream",
    Part.NATS: "nats-server -c",
    Part.POSTGRES: "postgres -D",
    Part.ENGINE: "system service",
}
_RUNNER_MARK, _ENGINE_MARK = "-m tisktask_runner", "tisktask_runner.engine"
_SESSION_MARK = "postgres: tisktask tisktask"
#: A part that has just died is not there for a moment; its supervisor waits for up to 10 s.
_FIND_SECONDS = 15.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Struck:
    """A blow that has hit; times are those of the clock on the wall."""

    blow: Blow
    pid: int
    at: float
    ends_at: float


@dataclass
class Striker:
    """Carries a plan out, in a thread of its own."""

    stack: Stack
    plan: list[Blow]
    struck: list[Struck] = field(default_factory=list[Struck])
    #: Nothing was there to be hit.
    missed: list[Blow] = field(default_factory=list[Blow])
    _paused: list[tuple[float, psutil.Process]] = field(default_factory=list[tuple[float, psutil.Process]])

    def run(self, stop: threading.Event) -> None:
        """Strike until the plan is over; whoever stands still goes on at the end, whatever happens."""
        began, coming = time.monotonic(), list(self.plan)
        try:
            while (coming or self._paused) and not stop.is_set():
                self._resume(time.monotonic())
                if coming and time.monotonic() - began >= coming[0].at:
                    self._strike(coming.pop(0))
                stop.wait(_LOOK_SECONDS)
        finally:
            self._resume(float("inf"))

    @property
    def kills(self) -> Counter[Part]:
        return Counter(one.blow.part for one in self.struck if one.blow.is_kill)

    @property
    def pauses(self) -> Counter[Part]:
        return Counter(one.blow.part for one in self.struck if not one.blow.is_kill)

    def _strike(self, blow: Blow) -> None:
        process = self._find_soon(blow.part)
        try:
            if process is None:
                self.missed.append(blow)
            elif blow.is_kill:
                process.kill()
            else:
                process.suspend()
                self._paused.append((time.monotonic() + blow.pause_seconds, process))
        except psutil.NoSuchProcess:
            self.missed.append(blow)
            return
        if process is not None:
            self.struck.append(Struck(blow, process.pid, time.time(), time.time() + blow.pause_seconds))

    def _resume(self, now: float) -> None:
        for entry in [one for one in self._paused if one[0] <= now]:
            self._paused.remove(entry)
            if entry[1].is_running():
                entry[1].resume()

    def _find_soon(self, part: Part) -> psutil.Process | None:
        deadline = time.monotonic() + _FIND_SECONDS
        while (found := find(self.stack, part)) is None and time.monotonic() < deadline:
            self._resume(time.monotonic())
            time.sleep(_LOOK_SECONDS)
        return found


def find(stack: Stack, part: Part) -> psutil.Process | None:
    """Find the process of a part below a stack."""
    assert stack.process
    layout = Layout.of(stack.data)
    for process in psutil.Process(stack.process.pid).children():
        try:
            if _is_part(process, part, layout):
                return process
            if part is Part.POSTGRES_SESSION and _is_part(process, Part.POSTGRES, layout):
                return next((one for one in process.children() if _SESSION_MARK in " ".join(one.cmdline())), None)
        except psutil.NoSuchProcess:
            continue
    return None


def _is_part(process: psutil.Process, part: Part, layout: Layout) -> bool:
    command = " ".join(process.cmdline())
    if part in RUNNERS:
        # Their commands are the same, their health addresses are not.
        port = PortBook(layout.ports).known(part)
        is_runner = _RUNNER_MARK in command and _ENGINE_MARK not in command
        return is_runner and any(one.laddr.port == port for one in process.net_connections() if one.laddr)
    return part in _MARKS and _MARKS[part] in command
