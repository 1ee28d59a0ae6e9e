"""Chunks that came before the one that they follow: kept for a while, in bounded memory, without acknowledgement."""

from dataclasses import dataclass, field

from nats.aio.msg import Msg

from tisktask_common.log_chunk import LogChunk
from tisktask_logstream.log_names import LogName

LOG_BYTES_MAX = 4 * 1024 * 1024
ALL_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True)
class Parked:
    """A chunk and the message that it came in."""

    chunk: LogChunk
    message: Msg

    @property
    def cost_bytes(self) -> int:
        # The segments cost too: an empty chunk is not free.
        return 1024 + len(self.chunk.data) + 13 * len(self.chunk.lengths)


@dataclass
class Bay:
    """The parked chunks of one log, by offset and length."""

    chunks: dict[tuple[int, int], Parked] = field(default_factory=dict[tuple[int, int], Parked])
    cost_bytes: int = 0
    #: How long the missing chunk had the chance to come.
    waited_seconds: float = 0


class Parking:
    """All parked chunks."""

    def __init__(self, log_bytes_max: int = LOG_BYTES_MAX, all_bytes_max: int = ALL_BYTES_MAX) -> None:
        self._log_bytes_max = log_bytes_max
        self._all_bytes_max = all_bytes_max
        self._bays: dict[LogName, Bay] = {}
        self._cost_bytes = 0

    def put(self, name: LogName, parked: Parked) -> bool:
        """Keep a chunk; a redelivered one takes the place of the first. False: there is no room."""
        bay = self._bays.setdefault(name, Bay())
        key = (parked.chunk.offset, len(parked.chunk.data))
        if key in bay.chunks:
            self._remove(bay, key)
        cost = parked.cost_bytes
        if bay.cost_bytes + cost > self._log_bytes_max or self._cost_bytes + cost > self._all_bytes_max:
            if not bay.chunks:
                del self._bays[name]
            return False
        bay.chunks[key] = parked
        bay.cost_bytes += cost
        self._cost_bytes += cost
        return True

    def take_up_to(self, name: LogName, end: int) -> list[Parked]:
        """Take out, in order, the chunks that begin at `end` or before."""
        bay = self._bays.get(name)
        if bay is None:
            return []
        keys = sorted(key for key in bay.chunks if key[0] <= end)
        taken = [self._remove(bay, key) for key in keys]
        if taken:
            bay.waited_seconds = 0
        if not bay.chunks:
            del self._bays[name]
        return taken

    def first_offset(self, name: LogName) -> int | None:
        bay = self._bays.get(name)
        return min(bay.chunks)[0] if bay else None

    def wait(self, seconds: float, patience_seconds: float) -> list[LogName]:
        """Let time pass for all; list the logs whose missing chunk has had its chance."""
        for bay in self._bays.values():
            bay.waited_seconds += seconds
        return [name for name, bay in self._bays.items() if bay.waited_seconds >= patience_seconds]

    def _remove(self, bay: Bay, key: tuple[int, int]) -> Parked:
        parked = bay.chunks.pop(key)
        bay.cost_bytes -= parked.cost_bytes
        self._cost_bytes -= parked.cost_bytes
        return parked
