"""Whether an attempt's program only waits for others: meanwhile its slot is lent to somebody else's work."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

#: A wait that is shorter lends nothing: telling everybody would cost more than the slot is worth.
LENT_AFTER_SECONDS = 0.05


class Lending:
    """The waits of one attempt's program. It lends its slot while at least one of them has lasted a moment."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change = on_change
        self._lasting = 0

    @property
    def is_lent(self) -> bool:
        return self._lasting > 0

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[None]:
        """Say that a command of the program waits for others, as long as the body takes. Several may at once."""
        has_lasted = False

        def last() -> None:
            nonlocal has_lasted
            has_lasted = True
            self._count(+1)

        timer = asyncio.get_running_loop().call_later(LENT_AFTER_SECONDS, last)
        try:
            yield
        finally:
            timer.cancel()
            if has_lasted:
                self._count(-1)

    def _count(self, change: int) -> None:
        before = self.is_lent
        self._lasting += change
        if self.is_lent != before:
            self._on_change()
