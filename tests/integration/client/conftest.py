"""tisktask-cmd at the socket of a job, before a real orchestrator; in between, replies may get lost."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from client_program import Client, compiled_client
from jobsocket_stand import SocketOfJob, SocketStand, socket_stand
from lossy_socket import LossySocket, lossy_socket
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


@pytest.fixture(scope="session")
def client_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled_client(tmp_path_factory.mktemp("client"))


@pytest.fixture
async def job(stand: SocketStand) -> SocketOfJob:
    """A job at work, with its socket."""
    return await stand.start()


@pytest.fixture
async def lossy(job: SocketOfJob, short_folder: Path) -> AsyncIterator[LossySocket]:
    """A way to the job's socket that may lose replies."""
    async with lossy_socket(short_folder / "lossy", job.path) as lossy:
        yield lossy


@pytest.fixture
def client(client_program: Path, lossy: LossySocket) -> Client:
    return Client(client_program, lossy.path)
