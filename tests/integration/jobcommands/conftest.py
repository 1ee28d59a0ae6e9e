"""Jobs with sockets, before a real orchestrator."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from jobsocket_stand import SocketStand, socket_stand
from nats_server import NatsServer
from orchestrator_stage import Stage, staging
from tisktask_common.bus.connection import Bus


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url) as stage:
        yield stage


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Paths of Unix sockets are short."""
    folder = Path(tempfile.mkdtemp(prefix="tt-s-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def stand(stage: Stage, short_folder: Path) -> AsyncIterator[SocketStand]:
    async with socket_stand(stage, short_folder) as stand:
        yield stand
