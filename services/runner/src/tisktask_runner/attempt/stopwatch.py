"""How long the parts of an attempt took: for the log line at its end and for metrics."""

import time
from collections.abc import Awaitable
from typing import TypeVar

from prometheus_client import Histogram

ResultT = TypeVar("ResultT")

phase_seconds = Histogram(
    "tisktask_attempt_phase_seconds",
    "Time that a part of an attempt took",
    ["phase"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800),
)


class Stopwatch:
    """Measures the parts of one attempt by name; parts may overlap."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.milliseconds: dict[str, float] = {}

    async def time(self, phase: str, work: Awaitable[ResultT]) -> ResultT:
        began = time.monotonic()
        try:
            return await work
        finally:
            self._record(phase, time.monotonic() - began)

    def mark(self, phase: str) -> None:
        """Record the time from the attempt's beginning until now."""
        self._record(phase, time.monotonic() - self._began)

    def _record(self, phase: str, seconds: float) -> None:
        self.milliseconds[phase] = round(seconds * 1000, 1)
        phase_seconds.labels(phase).observe(seconds)
