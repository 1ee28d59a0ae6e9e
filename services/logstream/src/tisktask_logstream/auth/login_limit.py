"""How often somebody may try to sign in: a few times a minute from one address, and not too often from all together."""

from collections import OrderedDict
from dataclasses import dataclass

TRIES_PER_ADDRESS = 10
TRIES_ALTOGETHER = 100
WINDOW_SECONDS = 60.0
_ADDRESSES_MAX = 10_000


@dataclass
class _Window:
    began_at: float
    tries: int = 0

    def take(self, now: float, tries_max: int) -> bool:
        if now - self.began_at >= WINDOW_SECONDS:
            self.began_at, self.tries = now, 0
        self.tries += 1
        return self.tries <= tries_max


class LoginLimit:
    """Counts tries in windows of a minute."""

    def __init__(self) -> None:
        self._all = _Window(0)
        self._by_address: OrderedDict[str, _Window] = OrderedDict()

    def may_try(self, address: str, now: float) -> bool:
        """Take one try from this address, if there is one left."""
        window = self._by_address.setdefault(address, _Window(now))
        self._by_address.move_to_end(address)
        if len(self._by_address) > _ADDRESSES_MAX:
            self._by_address.popitem(last=False)
        return window.take(now, TRIES_PER_ADDRESS) and self._all.take(now, TRIES_ALTOGETHER)
