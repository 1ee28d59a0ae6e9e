"""A database with the orchestrator's schema and a pool of connections to it; or an orchestrator at work."""

from collections.abc import AsyncIterator

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, make_settings, staging
from run_data_stand import DataStand
from tisktask_common.bus.connection import Bus
from tisktask_common.database.pool import open_pool
from tisktask_orchestrator.service import prepare_schema


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[DataStand]:
    settings = make_settings("", database_url)
    await prepare_schema(settings)
    pool = await open_pool(settings, "test")
    yield DataStand(pool)
    await pool.close()


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url) as stage:
        yield stage
