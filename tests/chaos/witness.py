"""Sees every start of a program: each makes a file in its workspace, and goes on when this test has taken it away.

And every network that a job has had.
"""

import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_LOOK_SECONDS = 0.03
_NETWORKS = Path("/etc/containers/networks")


@dataclass
class Witness:
    """Watches the attempts' directories of a runner host."""

    jobs: Path
    #: A part of all names of the host's networks.
    host_tag: str
    #: How often a program was started, by job and attempt.
    starts: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])

    networks: set[str] = field(default_factory=set[str])

    def watch_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        # A directory that is removed while it is listed ends the list: the rest is seen at the next look.
        with contextlib.suppress(FileNotFoundError):
            for mark in self.jobs.glob("*/workspace/started.*"):
                self._see(mark)
        self.networks |= {path.stem for path in _NETWORKS.glob(f"tisktask-{self.host_tag}-*.json")}

    def _see(self, mark: Path) -> None:
        job, _, attempt = mark.parts[-3].rpartition(".")
        # Removed with its workspace meanwhile: seen all the same.
        with contextlib.suppress(FileNotFoundError):
            mark.unlink()
        self.starts[job, int(attempt)] += 1
