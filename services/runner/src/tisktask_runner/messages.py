"""What is published in the runs that jobs of this host belong to."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from tisktask_common.bus.connection import Bus
from tisktask_common.job_requests import ChannelMessage
from tisktask_common.subjects import message_subject

log = structlog.get_logger()

#: Is given the channel and the message.
Listener = Callable[[bytes, bytes], None]


class MessageDesk:
    """One subscription for all jobs of a process. Nothing is kept: who does not listen misses it, as in Redis."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = defaultdict(list)

    async def open(self, bus: Bus, runner: str) -> None:
        """Hear what is said to this host from now on."""
        await bus.client.subscribe(message_subject(runner), cb=self._on_message)

    @contextmanager
    def listening(self, run: str, listener: Listener) -> Generator[None]:
        """Pass on what is published in a run."""
        self._listeners[run].append(listener)
        try:
            yield
        finally:
            self._listeners[run].remove(listener)
            if not self._listeners[run]:
                del self._listeners[run]

    async def _on_message(self, message: Msg) -> None:
        try:
            said = ChannelMessage.model_validate_json(message.data)
            channel, text = base64.b64decode(said.channel), base64.b64decode(said.message)
        except (ValidationError, binascii.Error) as error:
            log.warning("message_unreadable", error=str(error))
            return
        for listener in self._listeners.get(said.scope, ()):
            listener(channel, text)
