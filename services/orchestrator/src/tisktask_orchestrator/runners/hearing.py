"""Whether the orchestrator has been able to hear its runners for long enough to call a silent one lost.

After an outage of the bus, of the database or of this process itself every lease is over, though every runner may
live: nobody could hear them. Silence counts only while we listen.
"""

import time
from collections.abc import Callable

import nats.errors

from tisktask_common.bus.connection import Bus

_PING_SECONDS = 1


class Hearing:
    """Since when heartbeats have reached us without interruption."""

    def __init__(self, silence_seconds_max: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._silence_seconds_max = silence_seconds_max
        self._clock = clock
        self._since: float | None = None
        self._last = 0.0
        self._reconnects = 0

    def lost(self) -> None:
        """Note that something was away that heartbeats need."""
        self._since = None

    async def listen(self, bus: Bus) -> None:
        """Note whether the bus can be heard now; called about every second."""
        self.note(can_hear=await _is_heard(bus), reconnects=bus.client.stats["reconnects"])

    def note(self, *, can_hear: bool, reconnects: int) -> None:
        now = self._clock()
        if not can_hear or reconnects != self._reconnects or (self._has_slept(now) and self._since is not None):
            self._since = None
        self._reconnects, self._last = reconnects, now
        if can_hear and self._since is None:
            self._since = now

    def is_good(self) -> bool:
        """Tell whether a host that was not heard for a whole lease was silent.

        Not if the last look is long ago: whoever asks may have waited for a database that was away, as heartbeats have.
        """
        now = self._clock()
        return self._since is not None and now - self._since > self._silence_seconds_max and not self._has_slept(now)

    def _has_slept(self, now: float) -> bool:
        # A process that was stopped, or a machine that slept, has heard nothing meanwhile.
        return now - self._last > self._silence_seconds_max / 3


async def _is_heard(bus: Bus) -> bool:
    if not bus.is_ready:
        return False
    try:
        await bus.client.flush(timeout=_PING_SECONDS)
    except (nats.errors.Error, OSError):
        return False
    return True
