"""How full the streams are and how many dead letters lie there, for an operator's eyes."""

import structlog
from nats.errors import Error as NatsError
from prometheus_client import Gauge

from tisktask_common.bus.connection import Bus
from tisktask_common.subjects import DEAD, STREAMS

log = structlog.get_logger()

dead_letters = Gauge("tisktask_dead_letters", "Messages that could not be handled and wait for a person")
stream_fill = Gauge("tisktask_stream_fill_ratio", "Bytes in a stream, in parts of its limit", ["stream"])


async def look_at_streams(bus: Bus) -> None:
    """Read the figures of all streams; all replicas show the same."""
    for stream in STREAMS:
        try:
            info = await bus.jetstream.stream_info(stream.name)
        except NatsError as error:
            # Away, or not provisioned yet: the figures stay as they were.
            log.warning("stream_not_seen", stream=stream.name, error=str(error) or repr(error))
            return
        stream_fill.labels(stream.name).set(info.state.bytes / (info.config.max_bytes or stream.bytes_max))
        if stream is DEAD:
            dead_letters.set(info.state.messages)
