"""Publishes the outbox: one active relay for all replicas, each lane in order, nothing dropped unacknowledged."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

import psycopg
import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.errors import InfrastructureError
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import is_set
from tisktask_orchestrator.store.outbox import CHANNEL, delete_outbox, list_outbox, try_lock_relay
from tisktask_orchestrator.store.rows import OutboxRow

log = structlog.get_logger()

outbox_published = Counter("tisktask_outbox_published_total", "Outbox messages that their stream has acknowledged")
outbox_failures = Counter("tisktask_outbox_failures_total", "Outbox messages that could not be published at once")

_POLL_SECONDS = 1.0
_STANDBY_SECONDS = 1.0
_ROWS_MAX = 500
#: Then the message goes back to the outbox, and its lane waits a little.
_PATIENCE_SECONDS = 5.0
#: How long a lane waits after its stream has refused a message, so that it does not stand in the others' way.
_REFUSED_SECONDS = 2.0


async def relay_forever(collaborators: Collaborators) -> None:
    """Be the relay whenever no other process is."""
    while True:
        try:
            async with await _connect(collaborators) as listener:
                if await try_lock_relay(listener):
                    log.info("relay_active")
                    async with await _connect(collaborators) as connection:
                        await _relay(Lanes(collaborators.bus), listener, connection)
        except (psycopg.OperationalError, OSError) as error:
            log.warning("relay_waits_for_database", error=str(error))
        except Exception:
            outbox_failures.inc()
            log.exception("relay_failed")
        await asyncio.sleep(_STANDBY_SECONDS)


async def _connect(collaborators: Collaborators) -> Connection:
    return await psycopg.AsyncConnection.connect(
        collaborators.settings.database_url.get_secret_value(),
        autocommit=True,
        connect_timeout=3,
        keepalives_idle=5,
        application_name="tisktask-orchestrator-relay",
    )


async def _relay(lanes: "Lanes", listener: Connection, connection: Connection) -> None:
    """Relay as long as the connection lasts that holds the lock; when it is gone, all lanes stop with it."""
    await listener.execute(f"LISTEN {CHANNEL}")
    # A deletion that is lost with the server only means that the same message is published once more.
    await connection.execute("SET synchronous_commit TO off")
    listening = asyncio.create_task(_listen(listener, lanes))
    listening.add_done_callback(lambda _: lanes.wake.set())
    try:
        while not listening.done():
            lanes.wake.clear()
            await _exchange(connection, lanes)
            if not await is_set(lanes.wake, _POLL_SECONDS):
                lanes.has_news = True
    finally:
        listening.cancel()
        await lanes.cancel()
        (outcome,) = await asyncio.gather(listening, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome


async def _listen(listener: Connection, lanes: "Lanes") -> None:
    async for _ in listener.notifies():
        lanes.has_news = True
        lanes.wake.set()


async def _exchange(connection: Connection, lanes: "Lanes") -> None:
    """Take what is new, then drop what was acknowledged."""
    room = _ROWS_MAX - len(lanes.on_their_way)
    if lanes.has_news and room > 0:
        lanes.has_news = False
        rows = await list_outbox(connection, list(lanes.on_their_way), lanes.waiting(), room)
        lanes.has_news |= len(rows) == room
        lanes.add(rows)
    if done := lanes.take_done():
        await delete_outbox(connection, done)
        lanes.on_their_way.difference_update(done)
        outbox_published.inc(len(done))


@dataclass
class Lanes:
    """Messages on their way: those of a lane one after the other, the lanes side by side."""

    bus: Bus
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: There may be more in the outbox than is on its way.
    has_news: bool = True
    on_their_way: set[int] = field(default_factory=set[int])
    done: list[int] = field(default_factory=list[int])
    _queues: dict[str, deque[OutboxRow]] = field(default_factory=dict[str, "deque[OutboxRow]"])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set["asyncio.Task[None]"])
    _refused_until: dict[str, float] = field(default_factory=dict[str, float])

    def add(self, rows: list[OutboxRow]) -> None:
        for row in rows:
            if row.lane in self._refused_until:
                # Refused while these rows were read: what comes before them is in the outbox again.
                continue
            self.on_their_way.add(row.id)
            if row.lane in self._queues:
                self._queues[row.lane].append(row)
                continue
            self._queues[row.lane] = deque([row])
            task = asyncio.create_task(self._drive(row.lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def take_done(self) -> list[int]:
        done, self.done = self.done, []
        return done

    def waiting(self) -> list[str]:
        now = time.monotonic()
        self._refused_until = {lane: until for lane, until in self._refused_until.items() if until > now}
        return list(self._refused_until)

    async def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drive(self, lane: str) -> None:
        """Publish a lane's messages in order; at a refusal the rest goes back to the outbox."""
        queue = self._queues[lane]
        try:
            while queue:
                row = queue[0]
                await self.bus.publish(Outgoing(row.subject, bytes(row.data), row.message_id), _PATIENCE_SECONDS)
                queue.popleft()
                self.done.append(row.id)
        except InfrastructureError as error:
            self._give_back(lane, error.message)
        except Exception as error:
            log.exception("outbox_lane_failed", lane=lane)
            self._give_back(lane, repr(error))
        finally:
            del self._queues[lane]
            self.wake.set()

    def _give_back(self, lane: str, why: str) -> None:
        queue = self._queues[lane]
        outbox_failures.inc()
        log.warning("outbox_message_waits", subject=queue[0].subject, error=why)
        self._refused_until[lane] = time.monotonic() + _REFUSED_SECONDS
        self.on_their_way.difference_update(row.id for row in queue)
