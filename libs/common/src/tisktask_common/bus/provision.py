"""Makes the streams and consumers of `subjects.py` true on the server. Only the provisioning user may."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import NoRespondersError

from tisktask_common.errors import InfrastructureError
from tisktask_common.subjects import CONSUMERS, STREAMS, Consumer, Stream, replay_filter

log = structlog.get_logger()

_STREAM_NOT_FOUND = 10059
_SECOND = 1_000_000_000
_ANSWER_SECONDS_MAX = 10.0
_RETRY_SECONDS = 0.05


async def provision(client: Client, replicas: int = 1, consumers: Sequence[Consumer] = CONSUMERS) -> None:
    """Create or update every stream and these durable consumers; safe to run again and beside itself."""
    for stream in STREAMS:
        await _make_stream(client, stream_config(stream, replicas))
    for consumer in consumers:
        await _make_consumer(client, consumer)


def stream_config(stream: Stream, replicas: int) -> dict[str, Any]:
    """Map a stream to the server's own words."""
    config: dict[str, Any] = {
        "name": stream.name,
        "subjects": stream.subjects,
        "retention": "workqueue" if stream.is_work_queue else "limits",
        "storage": "file",
        "num_replicas": replicas,
        "max_bytes": stream.bytes_max,
        "max_age": stream.age_seconds_max * _SECOND,
        "duplicate_window": stream.duplicate_window_seconds * _SECOND,
        # Full: refuse what is new, so that its sender waits, rather than drop what nobody has read.
        "discard": "new",
        "allow_direct": True,
        "max_msgs_per_subject": -1,
    }
    if stream.is_work_queue:
        config |= {"max_msgs_per_subject": 1, "discard_new_per_subject": True}
    if stream.allows_atomic:
        config["allow_atomic"] = True
    return config


def consumer_config(consumer: Consumer) -> dict[str, Any]:
    return {
        "durable_name": consumer.name,
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "ack_wait": consumer.ack_wait_seconds * _SECOND,
        # The pull loop buries a message at deliveries_max; the server's own limit must not be first.
        "max_deliver": -1,
        "max_ack_pending": -1,
        "filter_subjects": [*consumer.filters, replay_filter(consumer)],
    }


async def _make_stream(client: Client, config: dict[str, Any]) -> None:
    name = config["name"]
    reply = await _api(client, f"STREAM.UPDATE.{name}", config)
    if reply.get("error", {}).get("err_code") == _STREAM_NOT_FOUND:
        reply = await _api(client, f"STREAM.CREATE.{name}", config)
        log.info("stream_created", stream=name)
    _refuse_error(f"stream {name}", reply)


async def _make_consumer(client: Client, consumer: Consumer) -> None:
    body = {"stream_name": consumer.stream, "config": consumer_config(consumer)}
    reply = await _api(client, f"CONSUMER.DURABLE.CREATE.{consumer.stream}.{consumer.name}", body)
    _refuse_error(f"consumer {consumer.name} of {consumer.stream}", reply)


async def _api(client: Client, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask; for a while also when nobody hears it: a server that reads its configuration again has such moments."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            while True:
                try:
                    message = await client.request(f"$JS.API.{verb}", json.dumps(body).encode(), _ANSWER_SECONDS_MAX)
                except NoRespondersError:
                    await asyncio.sleep(_RETRY_SECONDS)
                else:
                    return json.loads(message.data)
    except TimeoutError as error:
        raise InfrastructureError(
            f"{verb} was not answered within {_ANSWER_SECONDS_MAX:g} s: "
            "is JetStream enabled on the server, and is this user its provisioning one?"
        ) from error


def _refuse_error(what: str, reply: dict[str, Any]) -> None:
    if error := reply.get("error"):
        raise InfrastructureError(f"{what} can not be made: {error.get('description')}")
