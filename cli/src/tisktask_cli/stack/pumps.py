"""The pipes that processes write to: each has a pump to the journal until its last writer ends, or the stack does."""

import asyncio
import os
from collections.abc import Callable

from tisktask_cli.stack.journal import Journal, LinePump


class Pumps:
    """All open pipes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._open: set[asyncio.ReadTransport] = set()

    async def attach(self, name: str, output: int) -> asyncio.Future[None]:
        """Pass on what comes from `output`, which is closed with its pump; the future tells of its end."""
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def note_end() -> None:
            self._open.discard(transport)
            if not closed.done():
                closed.set_result(None)

        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: _Pump(self._journal, name, note_end), os.fdopen(output, "rb", buffering=0)
        )
        self._open.add(transport)
        return closed

    def close(self) -> None:
        """Stop to listen: descendants of what has ended may hold their end open."""
        for transport in self._open:
            transport.close()
        self._open.clear()


class _Pump(LinePump):
    def __init__(self, journal: Journal, name: str, note_end: Callable[[], None]) -> None:
        super().__init__(journal, name)
        self._note_end = note_end

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._note_end()
