"""A process of the tests' own that stands still for a while, as one on a busy or a frozen machine does."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS_MAX = 10


@contextmanager
def standing_still(process: int) -> Iterator[None]:
    """Within it none of the process's threads does anything; the signal alone says only that they are about to stop."""
    os.kill(process, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + _SECONDS_MAX
        while not _is_stopped(process):
            assert time.monotonic() < deadline, f"the process {process} does not stop"
            time.sleep(0.005)
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _is_stopped(process: int) -> bool:
    states: list[str] = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        try:
            states.append((thread / "stat").read_text().rpartition(")")[2].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return set(states) == {"T"}
