"""A database with the orchestrator's schema, and a pool of connections to it."""

from collections.abc import AsyncIterator

import pytest

from orchestrator_stage import make_settings
from run_data_stand import DataStand
from tisktask_common.database.pool import open_pool
from tisktask_orchestrator.service import prepare_schema


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[DataStand]:
    settings = make_settings("", database_url)
    await prepare_schema(settings)
    pool = await open_pool(settings, "test")
    yield DataStand(pool)
    await pool.close()
