"""Purges messages that were kept long enough and that every service has handled.

The streams themselves have no age: what waits for a service that is away would go with it.
"""

from datetime import UTC, datetime, timedelta

import structlog
from nats.errors import Error as NatsError
from nats.js.api import StreamState
from nats.js.errors import NotFoundError

from tisktask_common.bus.connection import Bus
from tisktask_common.subjects import STREAMS, Stream
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.room import find_first_needed, messages_purged

log = structlog.get_logger()

ROUND_SECONDS = 3600.0
#: As in a full stream: integrators who have not read for so long are not waited for, but told of.
_FULL = 1.0


async def purge_old(collaborators: Collaborators) -> None:
    """Go through all streams that keep what was handled for some time."""
    await purge_older(collaborators, datetime.now(UTC))


async def purge_older(collaborators: Collaborators, now: datetime) -> None:
    for stream in STREAMS:
        if not stream.kept_seconds:
            continue
        try:
            await _purge(collaborators, stream, now - timedelta(seconds=stream.kept_seconds))
        except NatsError as error:
            # Away, or not provisioned yet.
            log.warning("stream_not_purged", stream=stream.name, error=str(error) or repr(error))


async def _purge(collaborators: Collaborators, stream: Stream, oldest: datetime) -> None:
    state = (await collaborators.bus.jetstream.stream_info(stream.name)).state
    young = await _find_first_since(collaborators.bus, stream, state, oldest)
    if young <= state.first_seq:
        return
    until = min(young, await find_first_needed(collaborators, stream, state, _FULL))
    if until < young:
        log.warning(
            "old_messages_not_handled", stream=stream.name, first=until, older_than_days=stream.kept_seconds / 86400
        )
    if until > state.first_seq:
        await collaborators.bus.jetstream.purge_stream(stream.name, seq=until)
        messages_purged.labels(stream.name).inc(until - state.first_seq)
        log.info("old_messages_purged", stream=stream.name, messages=until - state.first_seq)


async def _find_first_since(bus: Bus, stream: Stream, state: StreamState, oldest: datetime) -> int:
    """Find the first message that is not older, by halves: times grow with the sequence."""
    low, high = state.first_seq, state.last_seq + 1
    while low < high:
        middle = (low + high) // 2
        try:
            message = await bus.jetstream.get_msg(stream.name, seq=middle, subject=">", next=True)
        except NotFoundError:
            # None from there on: it was purged meanwhile.
            high = middle
            continue
        if message.seq is not None and message.time is not None and message.time < oldest:
            low = message.seq + 1
        else:
            high = middle
    return low
