"""The bus for those who only ask: before it is connected, asking fails at once instead of waiting."""

import nats.errors

from tisktask_common.bus.connection import TRY_SECONDS, Bus, ReplyT
from tisktask_common.errors import BusError
from tisktask_common.rpc import Request

_CALL_SECONDS = 5.0


class BusLink:
    """Holds the connection as soon as there is one, so that pages and logs can be read without it."""

    def __init__(self) -> None:
        self._bus: Bus | None = None

    def attach(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def is_ready(self) -> bool:
        return self._bus is not None and self._bus.is_ready

    async def request(
        self, order: Request[ReplyT], patience_seconds: float, try_seconds: float = TRY_SECONDS
    ) -> ReplyT:
        """Ask another service; raises what it raised, or BusError. `try_seconds`: what asks a forge takes its time."""
        return await self._connected().request(order, patience_seconds, try_seconds)

    async def call(self, subject: str, data: bytes) -> bytes:
        """Ask the server itself; raises BusError."""
        try:
            return (await self._connected().client.request(subject, data, timeout=_CALL_SECONDS)).data
        except (nats.errors.Error, OSError) as error:
            raise BusError(f"no answer on {subject}: {error!r}") from error

    def _connected(self) -> Bus:
        if self._bus is None:
            raise BusError("the bus was not reached yet")
        return self._bus
