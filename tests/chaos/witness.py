"""Sees every start of a program: each makes a file in its workspace, and goes on when this test has taken it away."""

import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

_LOOK_SECONDS = 0.03


@dataclass
class Witness:
    """Watches the attempts' directories of a runner host."""

    jobs: Path
    #: How often a program was started, by job and attempt.
    starts: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])

    def watch_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        for mark in self.jobs.glob("*/workspace/started.*"):
            job, _, attempt = mark.parts[-3].rpartition(".")
            # Removed with its workspace meanwhile: seen all the same.
            with contextlib.suppress(FileNotFoundError):
                mark.unlink()
            self.starts[job, int(attempt)] += 1
