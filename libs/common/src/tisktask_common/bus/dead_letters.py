"""Messages that could not be handled: how they are buried, read, and given to their consumer once more.

A dead letter's body is the message's own, byte for byte; what is known about its end stands in its headers.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nats.aio.msg import Msg
from nats.js.api import RawStreamMsg
from nats.js.errors import APIError, NotFoundError

from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.errors import ConflictError
from tisktask_common.subjects import DEAD, Consumer, dead_subject, replay_filter, replay_subject

ERROR_CHARS_MAX = 2000
_SUBJECT = "Tisktask-Dead-Subject"
_SEQUENCE = "Tisktask-Dead-Sequence"
_MESSAGE_ID = "Tisktask-Dead-Message-Id"
_DELIVERIES = "Tisktask-Dead-Deliveries"
_ERROR = "Tisktask-Dead-Error"
_REPLAYED_SUBJECT = "Tisktask-Replayed-Subject"
#: Of the server and of ourselves; what else a message carries goes with it.
_OWN_HEADERS = ("nats-", "tisktask-dead-", "tisktask-replayed-")


@dataclass(frozen=True)
class DeadLetter:
    """A message that a consumer has given up on, as it lies in the stream DEAD under `sequence`."""

    sequence: int
    buried_at: datetime
    stream: str
    consumer: str
    subject: str
    #: Where it lay in its own stream.
    stream_sequence: int
    error: str
    data: bytes
    deliveries: int | None = None
    message_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


def dead_letter(message: Msg, consumer: Consumer, error: Exception) -> Outgoing:
    """Write what is to be stored about a message that was given up on."""
    metadata = message.metadata
    sequence = metadata.sequence.stream
    headers = _foreign(message.headers or {}) | {
        _SUBJECT: message.subject,
        _SEQUENCE: str(sequence),
        _DELIVERIES: str(metadata.num_delivered),
        _ERROR: _one_line(repr(error)) or type(error).__name__,
    }
    if message_id := (message.headers or {}).get("Nats-Msg-Id"):
        headers[_MESSAGE_ID] = message_id
    return Outgoing(dead_subject(consumer), message.data, f"{consumer.name}:{sequence}", headers)


async def list_dead_letters(bus: Bus) -> AsyncIterator[DeadLetter]:
    """Read all that lie there now, oldest first. Needs the rights of the provisioning user."""
    state = (await bus.jetstream.stream_info(DEAD.name)).state
    sequence = state.first_seq
    while sequence <= state.last_seq:
        try:
            raw = await bus.jetstream.get_msg(DEAD.name, seq=sequence, subject="dead.>", next=True)
        except NotFoundError:
            return
        letter = _read(raw)
        if letter.sequence > state.last_seq:
            return
        yield letter
        sequence = letter.sequence + 1


async def read_dead_letter(bus: Bus, sequence: int) -> DeadLetter | None:
    """Read one. None: there is none of this number."""
    try:
        return _read(await bus.jetstream.get_msg(DEAD.name, seq=sequence))
    except NotFoundError:
        return None


async def replay_dead_letter(bus: Bus, letter: DeadLetter) -> None:
    """Give it to its consumer once more, and to nobody else; it no longer lies in DEAD then.

    Not under its own subject, which others hear too, and not under its own id, which the stream would take for a
    duplicate. Whoever is interrupted here and asks again replays it once: the id is this letter's own.
    """
    await _require_listener(bus, letter)
    subject = replay_subject(letter.stream, letter.consumer)
    headers = letter.headers | {_REPLAYED_SUBJECT: letter.subject}
    message_id = f"replay:{letter.sequence}:{letter.buried_at.timestamp()}"
    await bus.publish(Outgoing(f"{subject}.{letter.sequence}", letter.data, message_id, headers))
    await drop_dead_letter(bus, letter.sequence)


async def drop_dead_letter(bus: Bus, sequence: int) -> bool:
    """Delete it for good. False: it was gone."""
    try:
        return await bus.jetstream.delete_msg(DEAD.name, sequence)
    except APIError:
        # The server has one error for all that can go wrong here.
        if await read_dead_letter(bus, sequence) is None:
            return False
        raise


def restore_replayed(message: Msg) -> None:
    """Give a replayed message its own subject again: handlers read it."""
    subject = (message.headers or {}).get(_REPLAYED_SUBJECT)
    if subject and message.subject.startswith("replay."):
        message.subject = subject


async def _require_listener(bus: Bus, letter: DeadLetter) -> None:
    """Make sure that somebody takes it: a stream stores what nobody asks for, too."""
    try:
        info = await bus.jetstream.consumer_info(letter.stream, letter.consumer)
    except NotFoundError:
        raise ConflictError(f"{letter.stream} has no consumer {letter.consumer} that could handle it") from None
    wanted = replay_filter(Consumer(letter.stream, letter.consumer))
    if wanted not in (info.config.filter_subjects or []):
        raise ConflictError(f"consumer {letter.consumer} takes no replays yet: run `tisktask bus provision`")


def _read(raw: RawStreamMsg) -> DeadLetter:
    headers = {str(name): str(value) for name, value in (raw.headers or {}).items()}
    data = raw.data or b""
    _, stream, consumer = str(raw.subject).split(".", 2)
    found: dict[str, Any] = {
        "subject": headers.get(_SUBJECT),
        "sequence": headers.get(_SEQUENCE, 0),
        "error": headers.get(_ERROR),
    }
    if _SUBJECT not in headers:
        # Buried by an older version, which wrapped the message into JSON.
        found = json.loads(data)
        data = found["data"].encode()
    return DeadLetter(
        sequence=int(raw.seq or 0),
        buried_at=_moment(raw),
        stream=stream,
        consumer=consumer,
        subject=str(found["subject"]),
        stream_sequence=int(found["sequence"]),
        error=str(found["error"]),
        data=data,
        deliveries=int(headers[_DELIVERIES]) if _DELIVERIES in headers else None,
        message_id=headers.get(_MESSAGE_ID),
        headers=_foreign(headers),
    )


def _moment(raw: RawStreamMsg) -> datetime:
    if raw.time is None:
        raise AssertionError("the server tells the time of each stored message")
    return raw.time


def _foreign(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if not name.lower().startswith(_OWN_HEADERS)}


def _one_line(text: str) -> str:
    """Make a header's value of any text: headers end at a line's end and are ASCII."""
    plain = "".join(char if char.isprintable() else " " for char in text[:ERROR_CHARS_MAX])
    return plain.encode("ascii", "backslashreplace").decode().strip()
