"""One accepted delivery, as it goes to the bus and as it lies in the spool."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import zstandard
from pydantic import ValidationError

from tisktask_common.bus.connection import Outgoing
from tisktask_common.events import Repository, TriggerReceived
from tisktask_common.ids import EventId, trigger_id
from tisktask_common.subjects import delivery_subject
from tisktask_ingest.kept_delivery import describe
from tisktask_ingest.outcome import Triggered

#: A message with its headers stays well below what the bus takes.
CHUNK_BYTES = 384 * 1024
_DIGEST_BYTES = 32
_COMPRESSION_LEVEL = 3


@dataclass(frozen=True)
class Delivery:
    """The event to announce and the compressed raw payload that belongs to it."""

    event: TriggerReceived
    payload: bytes


@dataclass(frozen=True)
class Source:
    """Where a delivery comes from, and what it calls itself."""

    repository: Repository
    delivery: str
    #: As the forge calls it.
    event: str


def pack(source: Source, triggered: Triggered, body: bytes) -> Delivery:
    """Make the trigger of a delivery. The same delivery makes the same ids, so that a repeated one is known."""
    trigger = trigger_id(source.repository.id, source.delivery)
    payload = zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(body)
    event = TriggerReceived(
        id=EventId(trigger),
        trigger_id=trigger,
        repository=source.repository,
        delivery=source.delivery,
        forge_event=source.event,
        change=triggered.change,
        rerun=triggered.rerun,
        inputs=triggered.inputs,
        happened_at=triggered.happened_at,
        payload_chunks=len(range(0, len(payload), CHUNK_BYTES)),
        payload_bytes=len(body),
    )
    return Delivery(event, payload)


def chunk_messages(delivery: Delivery) -> Iterator[Outgoing]:
    """Cut the payload into messages."""
    trigger = delivery.event.trigger_id
    for number, start in enumerate(range(0, len(delivery.payload), CHUNK_BYTES)):
        chunk = delivery.payload[start : start + CHUNK_BYTES]
        # Beside the first piece stands what it takes to understand the payload once more.
        headers = describe(delivery.event) if number == 0 else None
        yield Outgoing(delivery_subject(trigger, number), chunk, f"{trigger}:{number}", headers)


def to_file(delivery: Delivery) -> bytes:
    """Write a delivery as its digest, the event's JSON on one line, and the payload."""
    content = delivery.event.model_dump_json().encode() + b"\n" + delivery.payload
    return hashlib.sha256(content).digest() + content


def from_file(data: bytes) -> Delivery | None:
    """Read what `to_file` wrote; None if the file is damaged."""
    digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return None
    line, _, payload = content.partition(b"\n")
    try:
        return Delivery(TriggerReceived.model_validate_json(line), payload)
    except ValidationError:
        return None
