"""A supervisor for tests with programs of their own, and looks at the processes of this machine."""

import asyncio
import io
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.program import Program
from tisktask_cli.stack.reaper import Reaper
from tisktask_cli.stack.supervisor import Supervisor
from tisktask_cli.stack.warm_start import WarmStart


@dataclass
class Bench:
    """A supervisor whose journal can be read."""

    reaper: Reaper
    supervisor: Supervisor
    warm: WarmStart
    output: io.StringIO

    def records(self, event: str | None = None) -> list[dict[str, Any]]:
        records = [json.loads(line) for line in self.output.getvalue().splitlines()]
        return [record for record in records if event is None or record["event"] == event]


@asynccontextmanager
async def supervision(*, is_warm: bool = False) -> AsyncIterator[Bench]:
    output = io.StringIO()
    reaper = Reaper()
    journal = Journal("json", output)
    warm = WarmStart(reaper, journal)
    if is_warm:
        await warm.begin()
        await warm.warm_up()
    supervisor = Supervisor(reaper, journal, warm.start)
    try:
        yield Bench(reaper, supervisor, warm, output)
    finally:
        supervisor.kill()
        await supervisor.stop()
        warm.close()
        reaper.close()


def shell(name: str, script: str, **options: Any) -> Program:
    return Program(name, ("/bin/sh", "-c", script), **options)


def python(name: str, script: str) -> Program:
    return Program(name, (sys.executable, "-c", script))


async def until(look: Callable[[], object], seconds_max: float = 20) -> None:
    """Wait for a condition; fail when the time is over."""
    deadline = time.monotonic() + seconds_max
    while not look():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> dict[int, str]:
    """List the living children of a process: id and command line."""
    found: dict[int, str] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if is_alive(int(child)):
                words = Path(f"/proc/{child}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                found[int(child)] = b" ".join(words).decode()
    return found
