"""A running logstream for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logstream_records import Records
from logstream_stand import Client, Logstream
from nats_server import NatsServer
from tisktask_common.bus.connection import Bus


@pytest.fixture
def records(database_url: str) -> Records:
    tables = Records(database_url)
    tables.prepare()
    return tables


@pytest.fixture
async def logstream(bus: Bus, nats_server: NatsServer, records: Records, tmp_path: Path) -> AsyncIterator[Logstream]:
    service = Logstream(tmp_path / "state", nats_server, records, options={"TISKTASK_GAP_SECONDS": "2"})
    service.start()
    try:
        await service.until_ready()
        yield service
    finally:
        service.end()


@pytest.fixture
async def client(logstream: Logstream) -> AsyncIterator[Client]:
    async with Client(logstream.url) as connected:
        yield connected
