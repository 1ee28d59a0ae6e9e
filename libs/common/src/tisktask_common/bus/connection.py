"""One connection to NATS that outlives outages; publishing that is acknowledged; requests and their answers."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import uuid4

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError
from prometheus_client import Counter
from pydantic import ValidationError

from tisktask_common.bus.hearing_client import HearingClient, client_options
from tisktask_common.errors import USER_ERRORS, BusError, InfrastructureError, TisktaskError, UserError
from tisktask_common.events import AnyEvent, Value
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import Request
from tisktask_common.subjects import MESSAGE_BYTES_MAX, event_subject, rpc_subject

log = structlog.get_logger()

ReplyT = TypeVar("ReplyT", bound=Value)
RequestT = TypeVar("RequestT", bound=Request[Any])

#: One try; a request that is in flight when the server dies waits this long for nothing.
TRY_SECONDS = 2.0
#: A cluster elects a new leader within about 9 s: a caller's patience must be longer.
PATIENCE_SECONDS = 15.0
#: A process that is told to end does not wait for a server that is away.
CLOSE_SECONDS = 3.0
_PER_SUBJECT_FULL = 10077
_BATCH_DUPLICATE = 10201

#: What another try may mend.
_TRANSIENT = (
    nats.errors.TimeoutError,
    nats.errors.OutboundBufferLimitError,
    nats.errors.NoRespondersError,
    nats.errors.ConnectionClosedError,
    nats.errors.StaleConnectionError,
    NoStreamResponseError,
    ServiceUnavailableError,
    ConnectionError,
)

bus_errors = Counter("tisktask_bus_errors_total", "Errors that the NATS client reported asynchronously")


@dataclass(frozen=True)
class Outgoing:
    """A message to publish; `message_id` makes a repeated publish one message."""

    subject: str
    data: bytes
    message_id: str
    headers: Mapping[str, str] | None = None


class Bus:
    """The bus as a service sees it. Made by `connect`."""

    def __init__(self, client: HearingClient, user: str) -> None:
        self.client = client
        self.user = user
        self.jetstream = client.jetstream(timeout=TRY_SECONDS)
        self._on_reconnect: list[Callable[[], None]] = []

    @property
    def is_ready(self) -> bool:
        return self.client.is_connected and not self.client.is_deaf

    def on_reconnect(self, listener: Callable[[], None]) -> None:
        """Be told each time that the server was away and is back: what it said meanwhile was not heard."""
        self._on_reconnect.append(listener)

    async def told_of_reconnect(self) -> None:
        for listener in self._on_reconnect:
            listener()

    async def close(self) -> None:
        """Send what is buffered and leave; while the server is away, leave without."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.client.drain()
        except (TimeoutError, nats.errors.Error) as error:
            log.warning("bus_drain_incomplete", error=repr(error))
            await self._close_at_once()

    async def _close_at_once(self) -> None:
        try:
            # nats-py waits here for its own reconnecting task, which a server that is away can hold up.
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.client.close()
        except (TimeoutError, nats.errors.Error, OSError) as error:
            # The server is away: there is nobody to say goodbye to.
            log.warning("bus_close_incomplete", error=repr(error))

    async def publish(self, message: Outgoing, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Store a message in its stream. Returns when it is on disk; raises BusError when patience is over.

        A message that the stream holds already (same id, or one per subject on the work queue) is a success.
        """
        if len(message.data) > MESSAGE_BYTES_MAX:
            raise InfrastructureError(f"message of {len(message.data)} bytes for {message.subject}: too large")
        headers = {**(message.headers or {}), "Nats-Msg-Id": message.message_id}
        deadline = time.monotonic() + patience_seconds
        for delay in _backoff():
            try:
                await self.jetstream.publish(message.subject, message.data, timeout=TRY_SECONDS, headers=headers)
            except _TRANSIENT as error:
                if isinstance(error, APIError) and error.err_code == _PER_SUBJECT_FULL:
                    if "per subject" in (error.description or ""):
                        return
                    raise BusError(f"stream of {message.subject} is full: {error.description}") from error
                await _pause_or_give_up(delay, deadline, message.subject, error)
            except APIError as error:
                raise BusError(f"{message.subject} was refused: {error.description}") from error
            else:
                return

    async def publish_event(self, event: AnyEvent, patience_seconds: float = PATIENCE_SECONDS) -> None:
        data = event.model_dump_json().encode()
        await self.publish(Outgoing(event_subject(event), data, event.id), patience_seconds)

    async def publish_batch(self, messages: list[Outgoing], patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Store up to 1,000 messages of one stream, all or none, in order, for one fsync's price."""
        if len(messages) == 1:
            await self.publish(messages[0], patience_seconds)
            return
        deadline = time.monotonic() + patience_seconds
        for delay in _backoff():
            try:
                await self._publish_batch_once(messages)
            except _TRANSIENT as error:
                await _pause_or_give_up(delay, deadline, messages[0].subject, error)
            else:
                return

    async def _publish_batch_once(self, messages: list[Outgoing]) -> None:
        batch = uuid4().hex
        last = len(messages)
        for sequence, message in enumerate(messages, 1):
            headers = {
                **(message.headers or {}),
                "Nats-Msg-Id": message.message_id,
                "Nats-Batch-Id": batch,
                "Nats-Batch-Sequence": str(sequence),
            }
            if sequence < last:
                await self.client.publish(message.subject, message.data, headers=headers)
                continue
            headers["Nats-Batch-Commit"] = "1"
            reply = await self.client.request(message.subject, message.data, timeout=TRY_SECONDS, headers=headers)
            error: dict[str, Any] | None = json.loads(reply.data).get("error")
            if error and error.get("err_code") == _BATCH_DUPLICATE:
                # Some of them are stored: one by one, the duplicates are recognised.
                for single in messages:
                    await self.publish(single)
            elif error:
                raise BusError(f"batch for {message.subject} was refused: {error.get('description')}")

    async def request(
        self,
        request: Request[ReplyT],
        patience_seconds: float = PATIENCE_SECONDS,
        try_seconds: float = TRY_SECONDS,
    ) -> ReplyT:
        """Ask, and ask again until an answer comes; raises what the answerer raised, or BusError.

        One who needs long for an answer is given it by `try_seconds`, or would be asked anew meanwhile.
        """
        subject = rpc_subject(request.subject_name, self.user)
        data = request.model_dump_json().encode()
        deadline = time.monotonic() + patience_seconds
        for delay in _backoff():
            try:
                reply = await self.client.request(subject, data, timeout=try_seconds)
            except _TRANSIENT as error:
                await _pause_or_give_up(delay, deadline, subject, error)
            else:
                return cast("ReplyT", _read_reply(request, reply))
        raise AssertionError  # the loop ends by return or raise

    async def answer(
        self, request: type[RequestT], handler: Callable[[RequestT, str], Awaitable[Value]], queue: str
    ) -> None:
        """Answer requests of this type: one of the processes that share `queue` gets each.

        The handler is given the caller's name, as the bus has authenticated it (last token of the subject).
        """

        async def on_message(message: Msg) -> None:
            task = asyncio.create_task(_answer_one(message, request, handler))
            running.add(task)
            task.add_done_callback(running.discard)

        running: set[asyncio.Task[None]] = set()
        await self.client.subscribe(f"rpc.{request.subject_name}.*", queue=queue, cb=on_message)


async def connect(settings: BusSettings, service: str, on_closed: Callable[[], None] | None = None) -> Bus:
    """Connect, and keep at it until the server is there. `on_closed` hears of a close for good."""

    async def on_error(error: Exception) -> None:
        # Permission denials come only this way: to the caller they look like timeouts.
        bus_errors.inc()
        log.warning("bus_error", error=str(error) or repr(error))

    async def closed() -> None:
        if on_closed:
            on_closed()

    async def reconnected() -> None:
        for bus in made:
            await bus.told_of_reconnect()

    made: list[Bus] = []
    user = settings.nats_user or service
    while True:
        client = HearingClient()
        try:
            await client.connect(
                settings.nats_url.split(","),
                name=f"tisktask-{user}",
                inbox_prefix=f"_INBOX_{user}",
                error_cb=on_error,
                closed_cb=closed,
                reconnected_cb=reconnected,
                **client_options(settings),
            )
            _mind_cancellation()
        except asyncio.CancelledError:
            await client.close()
            raise
        except (nats.errors.Error, OSError) as error:
            log.warning("bus_not_reachable", url=settings.nats_url, error=str(error) or repr(error))
            await asyncio.sleep(0.5)
        else:
            made.append(Bus(client, user))
            return made[0]


def _mind_cancellation() -> None:
    """Raise a cancellation that nats-py has swallowed: its `wait_for` does if an answer comes with it (Python 3.11)."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


async def _answer_one(message: Msg, kind: type[RequestT], handler: Callable[[RequestT, str], Awaitable[Value]]) -> None:
    caller = message.subject.rsplit(".", 1)[-1]
    try:
        reply = await handler(kind.model_validate_json(message.data), caller)
        data = reply.model_dump_json().encode()
    except ValidationError as error:
        data = _error_reply(UserError(f"{kind.__name__}: {error.error_count()} invalid fields: {error}"))
    except TisktaskError as error:
        if not isinstance(error, UserError):
            log.exception("request_failed", request=kind.__name__, caller=caller)
        data = _error_reply(error)
    except Exception:
        log.exception("request_failed", request=kind.__name__, caller=caller)
        data = _error_reply(InfrastructureError("internal error: see the log of the orchestrator"))
    try:
        await message.respond(data)
    except nats.errors.Error as error:
        log.warning("reply_not_sent", request=kind.__name__, caller=caller, error=repr(error))


def _error_reply(error: TisktaskError) -> bytes:
    return json.dumps({"error": {"code": error.code, "message": error.message}}).encode()


def _read_reply(request: Request[ReplyT], message: Msg) -> Value:
    body = json.loads(message.data)
    if error := body.get("error"):
        kind: type[TisktaskError] = USER_ERRORS.get(error.get("code"), InfrastructureError)
        raise kind(error.get("message"))
    return request.reply_type.model_validate(body)


def _backoff() -> Iterator[float]:
    delay = 0.05
    while True:
        yield delay * (0.5 + random.random())  # noqa: S311 - jitter, not cryptography
        delay = min(2.0, delay * 2)


async def _pause_or_give_up(delay: float, deadline: float, subject: str, error: BaseException) -> None:
    if time.monotonic() + delay > deadline:
        raise BusError(f"no answer on {subject}: {error!r}") from error
    await asyncio.sleep(delay)
