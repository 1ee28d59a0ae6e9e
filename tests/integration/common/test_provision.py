"""Streams of the version before are brought up to date as they are."""

import json
from typing import Any

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.provision import provision, stream_config
from tisktask_common.subjects import DAY_SECONDS, LOGS, STREAMS, Stream


async def test_streams_that_dropped_what_was_old_refuse_what_is_new_from_now_on(bus: Bus) -> None:
    for stream in STREAMS:
        await bus.jetstream.delete_stream(stream.name)
        reply = await bus.client.request(f"$JS.API.STREAM.CREATE.{stream.name}", json.dumps(_before(stream)).encode())
        assert "error" not in json.loads(reply.data)
    await provision(bus.client)
    for stream in STREAMS:
        config = (await bus.jetstream.stream_info(stream.name)).config
        assert config.discard == "new"
        assert config.subjects == stream.subjects
        assert (config.max_age or 0) == stream.age_seconds_max


def _before(stream: Stream) -> dict[str, Any]:
    config = stream_config(stream, 1)
    config["subjects"] = [subject for subject in stream.subjects if not subject.startswith("replay.")]
    config["discard"] = "new" if stream.is_work_queue else "old"
    if stream is LOGS:
        config["max_age"] = 2 * DAY_SECONDS * 1_000_000_000
    return config
