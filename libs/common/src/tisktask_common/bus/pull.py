"""The pull loop over a durable consumer.

It replaces nats-py's `fetch`, which does not notice a restart of the server while it waits and parks messages
when it is cancelled. Here a request that has gone quiet is dropped and asked again, and what arrives after the
stop is given back at once.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import nats.errors
import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.dead_letters import dead_letter, restore_replayed
from tisktask_common.errors import TisktaskError
from tisktask_common.subjects import Consumer

log = structlog.get_logger()

Handler = Callable[[Msg], Awaitable[None]]

EXPIRES_SECONDS = 30.0
HEARTBEAT_SECONDS = 3.0
_LOOP_SECONDS = 0.2
_BACKOFF_SECONDS_MAX = 2.0
#: Whose handler takes longer is taken for lost: the message comes again, to another replica perhaps.
_KEPT_SECONDS_MAX = 120.0

messages_failed = Counter("tisktask_messages_failed_total", "Handlers that raised", ["consumer"])
messages_dead = Counter("tisktask_messages_dead_total", "Messages given up on", ["consumer"])


@dataclass
class _Pull:
    """A request for messages that the server has not yet filled."""

    left: int
    heard_at: float
    ends_at: float


class Puller:
    """Takes messages of one durable consumer, up to `concurrency` at once.

    The handler acknowledges (it decides when the effect is safe); while it is at work nobody else gets the message.
    If it raises, the message comes again after a pause; after `deliveries_max` times it goes to the dead-letter
    stream and is acknowledged, so that nothing behind it waits.
    """

    def __init__(self, bus: Bus, consumer: Consumer, handler: Handler, concurrency: int = 1) -> None:
        self._bus = bus
        self._consumer = consumer
        self._handler = handler
        #: May be changed at any time; what was asked for already can exceed a lowered number for a moment.
        self.concurrency = concurrency
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        self._inbox = bus.client.new_inbox()
        self._pulls: dict[str, _Pull] = {}
        self._asked = 0
        self._failures = 0
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self.is_paused = False

    async def run(self) -> None:
        """Pull until cancelled; then give back what is on its way, and let running handlers end (10 s)."""
        subscription = await self._bus.client.subscribe(f"{self._inbox}.*", cb=self._on_message)
        try:
            await self._pull_forever()
        finally:
            self._is_stopping = True
            try:
                async with asyncio.timeout(5):
                    await subscription.drain()
            except (TimeoutError, nats.errors.Error) as error:
                log.warning("pull_drain_incomplete", consumer=self._consumer.name, error=repr(error))
            if self._running:
                await asyncio.wait(self._running, timeout=10)

    def fit(self, concurrency: int) -> None:
        """Change how many are taken at once; more are asked for at once."""
        if concurrency > self.concurrency:
            self._wake.set()
        self.concurrency = concurrency

    def resume(self) -> None:
        """Pull again after `is_paused` was set and taken back, at once."""
        self.is_paused = False
        self._wake.set()

    async def _pull_forever(self) -> None:
        reconnects = self._bus.client.stats["reconnects"]
        while True:
            if self._bus.client.stats["reconnects"] != reconnects:
                reconnects = self._bus.client.stats["reconnects"]
                self._pulls.clear()
            self._drop_quiet_pulls()
            free = self.concurrency - len(self._running) - sum(pull.left for pull in self._pulls.values())
            if free > 0 and self._bus.is_ready and not self.is_paused:
                if self._failures:
                    await asyncio.sleep(min(_BACKOFF_SECONDS_MAX, 0.1 * 2 ** min(self._failures, 5)))
                await self._ask(free)
            self._wake.clear()
            try:
                # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the wake-up.
                async with asyncio.timeout(_LOOP_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _drop_quiet_pulls(self) -> None:
        now = time.monotonic()
        for key, pull in list(self._pulls.items()):
            if now - pull.heard_at > 2 * HEARTBEAT_SECONDS + 1 or now > pull.ends_at + 2:
                del self._pulls[key]

    async def _ask(self, count: int) -> None:
        self._asked += 1
        key = str(self._asked)
        now = time.monotonic()
        self._pulls[key] = _Pull(count, now, now + EXPIRES_SECONDS)
        body = {
            "batch": count,
            "expires": int(EXPIRES_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        try:
            await self._bus.client.publish(self._subject, json.dumps(body).encode(), reply=f"{self._inbox}.{key}")
        except nats.errors.Error as error:
            log.warning("pull_failed", consumer=self._consumer.name, error=repr(error))
            self._pulls.pop(key, None)
            self._failures += 1

    async def _on_message(self, message: Msg) -> None:
        if message.reply.startswith("$JS.ACK"):
            await self._take(message)
            return
        # Status messages carry the inbox as their subject, delivered ones the stream's.
        headers = message.headers or {}
        key = message.subject.rsplit(".", 1)[-1]
        if headers.get("Status") == "100":
            if pull := self._pulls.get(key):
                pull.heard_at = time.monotonic()
            return
        self._pulls.pop(key, None)
        description = headers.get("Description", "")
        if headers.get("Status") == "503" or "Deleted" in description or "Shutdown" in description:
            self._failures += 1
        self._wake.set()

    async def _take(self, message: Msg) -> None:
        # The server fills requests oldest first.
        key = next(iter(self._pulls), None)
        if key is not None:
            pull = self._pulls[key]
            pull.heard_at = time.monotonic()
            pull.left -= 1
            if pull.left <= 0:
                del self._pulls[key]
        if self._is_stopping:
            await message.nak()
            return
        restore_replayed(message)
        self._failures = 0
        task = asyncio.create_task(self._handle(message))
        self._running.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _handle(self, message: Msg) -> None:
        keeping = asyncio.create_task(self._keep(message))
        try:
            await self._handler(message)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            messages_failed.labels(self._consumer.name).inc()
            log.exception("message_failed", consumer=self._consumer.name, subject=message.subject)
            await self._give_back(message, error)
        finally:
            keeping.cancel()

    async def _keep(self, message: Msg) -> None:
        """Tell the server that the message is in good hands, before it gives it to others."""
        seconds = self._consumer.ack_wait_seconds / 3
        for _ in range(int(_KEPT_SECONDS_MAX / seconds)):
            await asyncio.sleep(seconds)
            # nats-py would say so of messages that are done with, too.
            if message.is_acked:
                return
            try:
                await message.in_progress()
            except nats.errors.Error as error:
                log.debug("message_not_kept", consumer=self._consumer.name, error=repr(error))

    async def _give_back(self, message: Msg, error: Exception) -> None:
        """Have the message again later, or bury it if it has failed too often and it is not us who are ill."""
        delivered = message.metadata.num_delivered
        try:
            if delivered < self._consumer.deliveries_max:
                await message.nak(delay=min(30.0, 0.2 * 2 ** min(delivered, 8)))
                return
            await self._bury(message, error)
        except (nats.errors.Error, TisktaskError) as failure:
            # It comes again by itself after the acknowledgement's time.
            log.warning("message_not_returned", consumer=self._consumer.name, error=repr(failure))

    async def _bury(self, message: Msg, error: Exception) -> None:
        await self._bus.publish(dead_letter(message, self._consumer, error))
        await message.ack()
        messages_dead.labels(self._consumer.name).inc()
        sequence = message.metadata.sequence.stream
        log.error("message_buried", consumer=self._consumer.name, subject=message.subject, sequence=sequence)
