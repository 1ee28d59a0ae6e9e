"""Ingest's connection to the bus, which may not be there yet or be away for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
import structlog
from nats.aio.msg import Msg

from tisktask_common.bus.connection import Bus, connect
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.errors import BusError
from tisktask_common.ids import TriggerId
from tisktask_common.process.settings import BusSettings
from tisktask_common.replays import ReplayDelivery, Replayed
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.rpc import Accepted, ListRepositories, RepositoryPage
from tisktask_common.subjects import DELIVERIES, REPOSITORY_EVENTS, delivery_subject
from tisktask_ingest.delivery import Delivery, chunk_messages

log = structlog.get_logger()

_READ_SECONDS = 5.0

#: Takes a kept delivery once more.
Replay = Callable[[ReplayDelivery, str], Awaitable[Replayed]]


class BusLink:
    """Connects in the background; everything else asks `is_ready` first."""

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._bus: Bus | None = None
        self._closed = asyncio.Event()

    async def run(self, on_repository_change: Callable[[], None], replay: Replay) -> None:
        """Connect; listen for changes of repositories and wishes for replays. Raises when it is closed for good."""

        async def on_message(_message: object) -> None:
            on_repository_change()

        bus = await connect(self._settings, "ingest", on_closed=self._closed.set)
        self._bus = bus
        await bus.client.subscribe(REPOSITORY_EVENTS, cb=on_message)
        await bus.answer(ReplayDelivery, replay, "ingest")
        log.info("bus_connected", user=bus.user)
        # What changed before the subscription was not heard.
        on_repository_change()
        await self._closed.wait()
        raise BusError("the connection to the bus was closed for good")

    async def close(self) -> None:
        if self._bus:
            await self._bus.close()

    @property
    def is_ready(self) -> bool:
        return self._bus is not None and self._bus.is_ready

    @property
    def reconnects(self) -> int:
        """How often the connection was lost and came back."""
        return int(self._bus.client.stats["reconnects"]) if self._bus else 0

    async def publish(self, delivery: Delivery, patience_seconds: float) -> None:
        """Store the payload, then announce the trigger: whoever hears of it finds the payload.

        Raises BusError when patience is over. Some of it may be stored by then; a repetition adds nothing.
        """
        bus = self._require()
        try:
            async with asyncio.timeout(patience_seconds):
                for message in chunk_messages(delivery):
                    await bus.publish(message, patience_seconds)
                await bus.publish_event(delivery.event, patience_seconds)
        except TimeoutError as error:
            raise BusError(f"the bus did not store the delivery within {patience_seconds} s") from error

    async def ask_repositories(self, request: ListRepositories, patience_seconds: float) -> RepositoryPage:
        return await self._require().request(request, patience_seconds)

    async def read_piece(self, trigger: TriggerId, number: int) -> Msg | None:
        """Read a piece of a payload that is kept; None: it is not. Raises BusError if the bus does not answer."""
        subject = f"$JS.API.DIRECT.GET.{DELIVERIES.name}.{delivery_subject(trigger, number)}"
        try:
            reply = await self._require().client.request(subject, b"", timeout=_READ_SECONDS)
        except (nats.errors.Error, OSError) as error:
            raise BusError(f"{subject}: {error!r}") from error
        status = (reply.headers or {}).get("Status")
        if status == "404":
            return None
        if status is not None:
            raise BusError(f"{subject}: status {status}")
        return reply

    async def tell_identity(self, request: NoteIdentity, patience_seconds: float) -> Accepted:
        return await self._require().request(request, patience_seconds)

    async def tell_delivery(self, request: NoteDelivery, patience_seconds: float) -> Accepted:
        return await self._require().request(request, patience_seconds)

    def _require(self) -> Bus:
        if self._bus is None:
            raise BusError("the bus has not been reached yet")
        return self._bus
