"""An orchestrator at work for each test."""

from collections.abc import AsyncIterator

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, staging
from tisktask_common.bus.connection import Bus


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url) as stage:
        yield stage
