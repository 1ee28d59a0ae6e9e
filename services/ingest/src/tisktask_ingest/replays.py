"""Takes kept deliveries once more, when a person asks for it: through the same normalisation, as a new trigger."""

import asyncio
import io
import re

import structlog
import zstandard

from tisktask_common.errors import ConflictError, InfrastructureError, NotFoundError, UserError
from tisktask_common.ids import TriggerId
from tisktask_common.replays import REPLAY, REQUEST_ID_CHARS_MAX, ReplayDelivery, Replayed
from tisktask_ingest import metrics, words
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.delivery import Source, pack
from tisktask_ingest.forges.dialect import DIALECTS, normalise
from tisktask_ingest.intake import Intake, Stored
from tisktask_ingest.kept_delivery import KeptDelivery, read_description
from tisktask_ingest.outcome import Ignored, Malformed, Ping, Triggered
from tisktask_ingest.registry import Registry
from tisktask_ingest.request_body import BODY_BYTES_MAX

log = structlog.get_logger()

_TRIGGER = re.compile(r"trg_[a-z2-7]{1,60}")
_REQUEST_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{REQUEST_ID_CHARS_MAX}}}")


class Replays:
    """Answers who wants a delivery once more."""

    def __init__(self, link: BusLink, registry: Registry, intake: Intake) -> None:
        self._link = link
        self._registry = registry
        self._intake = intake

    async def replay(self, request: ReplayDelivery, caller: str) -> Replayed:
        """Make a new trigger. Its id follows from the request's: asked again, it is the same one."""
        if not _TRIGGER.fullmatch(request.trigger_id):
            raise NotFoundError(words.no_trigger(request.trigger_id[:100]))
        if not _REQUEST_ID.fullmatch(request.request_id):
            raise UserError(words.wrong_request_id(REQUEST_ID_CHARS_MAX))
        kept, payload = await self._read(request.trigger_id)
        hook = self._registry.get(kept.repository_id)
        if hook is None or hook.repository.forge != kept.forge:
            raise NotFoundError(words.REPLAY_OF_REMOVED)
        match normalise(DIALECTS[kept.forge], kept.event, kept.event, payload):
            case Triggered() as triggered:
                source = Source(hook.repository, f"{REPLAY}{request.request_id}", kept.event)
                delivery = await asyncio.to_thread(pack, source, triggered, payload)
            case Ignored(reason):
                raise ConflictError(words.replay_ignored(reason))
            case Malformed(field, problem):
                raise ConflictError(words.invalid_payload(field, problem))
            case Ping():
                raise ConflictError(words.replay_ignored(words.pong(hook.repository.full_name)))
        if await self._intake.store(delivery) is Stored.NOWHERE:
            raise InfrastructureError(words.NO_ROOM)
        metrics.replays.inc()
        log.info("delivery_replayed", trigger=delivery.event.trigger_id, of=request.trigger_id, caller=caller)
        return Replayed(trigger_id=delivery.event.trigger_id, repository=hook.repository.full_name)

    async def _read(self, trigger: TriggerId) -> tuple[KeptDelivery, bytes]:
        first = await self._link.read_piece(trigger, 0)
        if first is None:
            raise NotFoundError(words.NOT_KEPT)
        kept = read_description(first.headers)
        if kept is None or kept.forge not in DIALECTS:
            raise ConflictError(words.KEPT_BY_OLDER)
        pieces = [first.data]
        for number in range(1, kept.chunks):
            piece = await self._link.read_piece(trigger, number)
            if piece is None:
                raise NotFoundError(words.NOT_KEPT)
            pieces.append(piece.data)
        return kept, await asyncio.to_thread(_decompress, b"".join(pieces))


def _decompress(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)) as reader:
        payload = reader.read(BODY_BYTES_MAX + 1)
    if len(payload) > BODY_BYTES_MAX:
        raise ConflictError(words.body_too_large(BODY_BYTES_MAX))
    return payload
