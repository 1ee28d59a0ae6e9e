"""Commands that send messages to whoever listens in the run, on whatever host, and that listen."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tisktask_common.job_requests import PublishMessage, SetSubscriptions
from tisktask_common.resp import Push, Reply, Several
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.command import Command, CommandError, Session
from tisktask_runner.jobsocket.voice import Voice

#: Of one connection, and of a job.
_CHANNELS_MAX = 1000


@dataclass
class _Subscriber:
    """A connection at a channel."""

    session: Session
    #: What came before the client was told that it is subscribed; None: it was told.
    backlog: list[Reply] | None = field(default_factory=list[Reply])

    def hear(self, message: Push) -> None:
        if self.backlog is None:
            self.session.push(message)
        else:
            self.backlog.append(message)


class Channels:
    """The channels that connections of one job listen to."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._subscribers: dict[bytes, dict[int, _Subscriber]] = {}
        #: The orchestrator is told one list after the other.
        self._telling = asyncio.Lock()

    def commands(self) -> list[Command]:
        return [
            Command(
                "PUBLISH",
                self._publish,
                3,
                "messages",
                "channel message",
                "Send a message to all in the run who listen; replies how many connections that are.",
                "PUBLISH progress 'half of it'",
                is_for_transactions=True,
            ),
            Command(
                "SUBSCRIBE",
                self._subscribe,
                -2,
                "messages",
                "channel [channel ...]",
                "Listen to channels of the run.",
                "SUBSCRIBE progress",
            ),
            Command("UNSUBSCRIBE", self._unsubscribe, -1, "messages", "[channel ...]", "Listen no more."),
        ]

    def hear(self, channel: bytes, message: bytes) -> None:
        """Pass a message on to the connections that listen."""
        for subscriber in self._subscribers.get(channel, {}).values():
            subscriber.hear(Push([b"message", channel, message]))

    def forget_all(self) -> None:
        """Say that nobody listens any more, or not yet: connections of a process that died do not come back."""
        self._voice.later("subscriptions", self._tell())

    async def _publish(self, _: Session, arguments: list[bytes]) -> Reply:
        channel, message = (base64.b64encode(argument).decode() for argument in arguments)
        request = PublishMessage(**self._voice.signature, channel=channel, message=message)
        return (await self._voice.ask(request)).receivers

    async def _subscribe(self, session: Session, arguments: list[bytes]) -> Reply:
        new = [channel for channel in dict.fromkeys(arguments) if channel not in session.channels]
        if len(session.channels) + len(new) > _CHANNELS_MAX or len(self._subscribers) + len(new) > _CHANNELS_MAX:
            raise CommandError("LIMIT", words.too_many_channels(_CHANNELS_MAX))
        if self._leave not in session.when_closed:
            session.when_closed.append(self._leave)
        joined = [_Subscriber(session) for _ in new]
        for channel, subscriber in zip(new, joined, strict=True):
            self._subscribers.setdefault(channel, {})[session.id] = subscriber
        try:
            await self._tell()
        except BaseException:
            self._drop(session, new)
            raise
        told = _confirmations(b"subscribe", session, arguments, session.channels.add)
        for subscriber in joined:
            told += subscriber.backlog or []
            subscriber.backlog = None
        return Several(told)

    async def _unsubscribe(self, session: Session, arguments: list[bytes]) -> Reply:
        channels = arguments or sorted(session.channels)
        self._drop(session, channels)
        # It hears nothing any more; that the orchestrator knows may take as long as it takes.
        self._voice.later("subscriptions", self._tell())
        if not channels:
            return Several([Push([b"unsubscribe", None, 0])])
        return Several(_confirmations(b"unsubscribe", session, channels, session.channels.discard))

    def _leave(self, session: Session) -> None:
        """Forget a connection that was closed."""
        if session.channels:
            self._drop(session, list(session.channels))
            session.channels.clear()
            self._voice.later("subscriptions", self._tell())

    def _drop(self, session: Session, channels: Sequence[bytes]) -> None:
        for channel in channels:
            with suppress(KeyError):
                del self._subscribers[channel][session.id]
            if not self._subscribers.get(channel, True):
                del self._subscribers[channel]

    async def _tell(self) -> None:
        """Tell the orchestrator how many listen to what: it counts them, and knows where to send messages."""
        async with self._telling:
            counts = {
                base64.b64encode(channel).decode(): len(subscribers)
                for channel, subscribers in self._subscribers.items()
            }
            await self._voice.ask(SetSubscriptions(**self._voice.signature, connections_by_channel=counts))


def _confirmations(
    verb: bytes, session: Session, channels: Sequence[bytes], change: Callable[[bytes], None]
) -> list[Reply]:
    """Change the connection's channels one by one: each confirmation tells how many it has then."""
    told: list[Reply] = []
    for channel in channels:
        change(channel)
        told.append(Push([verb, channel, len(session.channels)]))
    return told
