"""Makes room in streams that fill: what was read is purged, the oldest first, and nothing that somebody waits for.

Streams refuse what is new when they are full, so their senders wait: without this, until the oldest messages' age ends.
"""

import asyncio
import json

import structlog
from nats.js.api import ConsumerInfo, StreamState
from nats.js.errors import NotFoundError
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.ids import TriggerId
from tisktask_common.subjects import (
    CONSUMERS,
    DELIVERIES,
    EVENTS,
    LOGS,
    TRIGGERS_FOR_ORCHESTRATOR,
    Stream,
    delivery_subject,
)
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.store.runs import list_open_triggers

log = structlog.get_logger()

#: Part of the limit from which on room is made. Logs are stored elsewhere: what is kept here only makes restarts slow.
_ROOM_FROM = {EVENTS.name: 0.75, LOGS.name: 0.125, DELIVERIES.name: 0.75}
#: From here on integrators who do not read are no longer waited for.
_OWN_ONLY_FROM = 0.85
_OWN = {(consumer.stream, consumer.name) for consumer in CONSUMERS}

messages_purged = Counter("tisktask_stream_messages_purged_total", "Messages purged to make room", ["stream"])
integrators_overtaken = Counter(
    "tisktask_integrators_overtaken_total", "Purges of events that an integrator had not read", ["consumer"]
)


async def make_room(collaborators: Collaborators, stream: Stream, state: StreamState, fill: float) -> None:
    """Purge what is needed no more if the stream fills; at most its older half, so that some history stays."""
    if fill < _ROOM_FROM.get(stream.name, 2.0):
        return
    first_needed = await find_first_needed(collaborators, stream, state, fill)
    older_half = state.first_seq + (state.last_seq - state.first_seq + 1) // 2
    until = min(first_needed, state.last_seq + 1 if stream is LOGS else older_half)
    if until <= state.first_seq:
        log.warning("stream_has_no_room_to_make", stream=stream.name, fill_ratio=round(fill, 3))
        return
    await collaborators.bus.jetstream.purge_stream(stream.name, seq=until)
    messages_purged.labels(stream.name).inc(until - state.first_seq)
    log.warning("stream_purged", stream=stream.name, fill_ratio=round(fill, 3), messages=until - state.first_seq)


async def find_first_needed(collaborators: Collaborators, stream: Stream, state: StreamState, fill: float) -> int:
    """Find the oldest message that a service waits for; integrators, too, while the stream is not about to be full."""
    if stream is DELIVERIES:
        return await _first_needed_delivery(collaborators, state)
    return await _first_unread(collaborators.bus, stream, state, fill)


async def _first_unread(bus: Bus, stream: Stream, state: StreamState, fill: float) -> int:
    """Find the oldest message that a consumer has not acknowledged."""
    consumers = await bus.jetstream.consumers_info(stream.name)
    by_own = {info.name: next_unread(info, state) for info in consumers if (stream.name, info.name) in _OWN}
    by_others = {info.name: next_unread(info, state) for info in consumers if (stream.name, info.name) not in _OWN}
    expected = {consumer.name for consumer in CONSUMERS if consumer.stream == stream.name}
    if expected - set(by_own):
        # Not provisioned: what they have read nobody knows.
        return state.first_seq
    own = min(by_own.values())
    others = min(by_others.values(), default=own)
    if fill < _OWN_ONLY_FROM or others >= own:
        return min(own, others)
    for name, first in by_others.items():
        if first < own:
            integrators_overtaken.labels(name).inc()
            log.error("integrator_overtaken", consumer=name, stream=stream.name, unread_from=first)
    return own


def next_unread(info: ConsumerInfo, state: StreamState) -> int:
    """Tell from where on a consumer has not acknowledged; one that has nothing to wait for has seen all."""
    if not info.num_pending and not info.num_ack_pending:
        return state.last_seq + 1
    return (info.ack_floor.stream_seq if info.ack_floor else 0) + 1


async def _first_needed_delivery(collaborators: Collaborators, state: StreamState) -> int:
    """Find the oldest payload of a run that has not ended."""
    async with collaborators.pool.connection() as connection:
        triggers = await list_open_triggers(connection)
    triggers += await _oldest_trigger_without_run(collaborators.bus)
    found = await asyncio.gather(*(_sequence_of(collaborators.bus, trigger) for trigger in triggers))
    return min((sequence for sequence in found if sequence), default=state.last_seq + 1)


async def _oldest_trigger_without_run(bus: Bus) -> list[TriggerId]:
    """Find the trigger that is to become a run next."""
    consumer = TRIGGERS_FOR_ORCHESTRATOR
    info = await bus.jetstream.consumer_info(consumer.stream, consumer.name)
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    try:
        message = await bus.jetstream.get_msg(consumer.stream, seq=floor + 1, subject=consumer.filters[0], next=True)
    except NotFoundError:
        return []
    return [TriggerId(json.loads(message.data or b"{}").get("trigger_id", ""))]


async def _sequence_of(bus: Bus, trigger: TriggerId) -> int | None:
    try:
        message = await bus.jetstream.get_msg(DELIVERIES.name, subject=delivery_subject(trigger, 0))
    except NotFoundError:
        return None
    return message.seq
