"""How full the streams are, how many dead letters lie there, and who makes room, every few seconds."""

import structlog
from nats.errors import Error as NatsError
from prometheus_client import Gauge

from tisktask_common.subjects import DEAD, STREAMS
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.room import make_room

log = structlog.get_logger()

FULL_FROM = 0.9

dead_letters = Gauge("tisktask_dead_letters", "Messages that could not be handled and wait for a person")
stream_fill = Gauge("tisktask_stream_fill_ratio", "Bytes in a stream, in parts of its limit", ["stream"])


async def look_at_streams(collaborators: Collaborators) -> None:
    """Read the figures of all streams, which all replicas show alike; make room in those that fill."""
    for stream in STREAMS:
        try:
            info = await collaborators.bus.jetstream.stream_info(stream.name)
            fill = info.state.bytes / (info.config.max_bytes or stream.bytes_max)
            stream_fill.labels(stream.name).set(fill)
            if stream is DEAD:
                dead_letters.set(info.state.messages)
            if fill >= FULL_FROM:
                log.error("stream_almost_full", stream=stream.name, fill_ratio=round(fill, 3), then="senders wait")
            await make_room(collaborators, stream, info.state, fill)
        except NatsError as error:
            # Away, or not provisioned yet: the figures stay as they were.
            log.warning("stream_not_seen", stream=stream.name, error=str(error) or repr(error))
            return
