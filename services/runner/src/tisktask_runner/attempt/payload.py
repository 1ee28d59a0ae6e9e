"""The webhook's body for the job: fetched from the bus, where ingest has put it in pieces."""

import asyncio
import io
import json

import nats.errors
import structlog
import zstandard
from nats.aio.msg import Msg

from tisktask_common.bus.connection import Bus
from tisktask_common.rpc import JobSpec
from tisktask_common.subjects import DELIVERIES, delivery_subject
from tisktask_runner import words
from tisktask_runner.attempt.environment import utc_text

log = structlog.get_logger()

PAYLOAD_BYTES_MAX = 64 * 1024 * 1024
_TRY_SECONDS = 2.0
_RETRY_SECONDS = 0.5


async def fetch_payload(bus: Bus, spec: JobSpec) -> bytes:
    """Get the body as the forge sent it; if it is no longer there, what Tisktask knows of the change.

    Waits for as long as the bus is away: nothing else can go on without it.
    """
    if not spec.payload_chunks:
        return known_event(spec, words.PAYLOAD_ABSENT)
    subjects = [delivery_subject(spec.trigger_id, number) for number in range(spec.payload_chunks)]
    pieces = await asyncio.gather(*(_get(bus, subject) for subject in subjects))
    if any(piece is None for piece in pieces):
        return known_event(spec, words.PAYLOAD_EXPIRED)
    try:
        return _decompress(b"".join(piece or b"" for piece in pieces))
    except (zstandard.ZstdError, ValueError) as error:
        log.warning("payload_unreadable", trigger=spec.trigger_id, error=str(error))
        return known_event(spec, words.PAYLOAD_UNREADABLE)


async def _get(bus: Bus, subject: str) -> bytes | None:
    while True:
        try:
            reply: Msg = await bus.client.request(
                f"$JS.API.DIRECT.GET.{DELIVERIES.name}.{subject}", b"", timeout=_TRY_SECONDS
            )
        except (nats.errors.Error, OSError) as error:
            log.warning("payload_not_received", subject=subject, error=repr(error))
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        status = (reply.headers or {}).get("Status")
        if status is None:
            return reply.data
        if status == "404":
            return None
        log.warning("payload_not_received", subject=subject, status=status)
        await asyncio.sleep(_RETRY_SECONDS)


def _decompress(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
        body = reader.read(PAYLOAD_BYTES_MAX + 1)
    if len(body) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"longer than {PAYLOAD_BYTES_MAX} bytes")
    return body


def known_event(spec: JobSpec, note: str) -> bytes:
    """Say in JSON what Tisktask knows of the event, where there is no webhook's body."""
    body = {
        "tisktask_note": note,
        "repository": {"full_name": spec.repository.full_name},
        "change": spec.change.model_dump(mode="json"),
        "inputs": spec.inputs,
        "schedule": {"name": spec.schedule, "scheduled_at": utc_text(spec.scheduled_at)} if spec.schedule else None,
    }
    return json.dumps(body, indent=1).encode()
