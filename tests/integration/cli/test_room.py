"""What the orchestrator does to keep room in the streams, it may do with its own rights on a real stack."""

import asyncio
import json

import pytest
from nats.js.errors import NotFoundError

from stack import Stack
from tisktask_common.bus.connection import connect
from tisktask_common.process.settings import BusSettings
from tisktask_common.subjects import STREAMS, TRIGGERS_FOR_ORCHESTRATOR


def test_the_orchestrators_user_may_look_at_streams_and_purge_what_was_read(shared_stack: Stack) -> None:
    url = json.loads((shared_stack.data / "stack.json").read_text())["nats_url"]
    seed = (shared_stack.data / "keys" / "nats" / "orchestrator.seed").read_text().strip()
    settings = BusSettings.model_validate({"nats_url": url, "nats_user": "orchestrator", "nats_seed": seed})

    async def use() -> None:
        bus = await connect(settings, "orchestrator")
        try:
            for stream in STREAMS:
                assert (await bus.jetstream.stream_info(stream.name)).config.discard == "new"
            for name in ("EVENTS", "LOGS"):
                assert await bus.jetstream.consumers_info(name)
            for name in ("EVENTS", "LOGS", "DELIVERIES"):
                # Up to the first: nothing is purged.
                assert await bus.jetstream.purge_stream(name, seq=1)
            await bus.jetstream.consumer_info(TRIGGERS_FOR_ORCHESTRATOR.stream, TRIGGERS_FOR_ORCHESTRATOR.name)
            with pytest.raises(NotFoundError):
                await bus.jetstream.get_msg("DELIVERIES", subject="delivery.none.0")
            with pytest.raises(NotFoundError):
                await bus.jetstream.get_msg("EVENTS", seq=1_000_000, subject="trigger.received.>", next=True)
        finally:
            await bus.close()

    asyncio.run(use())
