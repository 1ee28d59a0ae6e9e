"""A job's socket with the toy's commands and small limits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from jobsocket_client import Client
from jobsocket_toy import Toy, toy_socket
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.server import JobSocket


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def limits() -> SocketLimits:
    return SocketLimits(
        connections=4,
        argument_bytes=1000,
        command_bytes=3000,
        pending_commands=50,
        output_bytes=100_000,
        output_seconds=0.3,
    )


@pytest.fixture
async def server(toy: Toy, limits: SocketLimits, tmp_path: Path) -> AsyncIterator[JobSocket]:
    server = toy_socket(toy, limits)
    await server.open(tmp_path / "s")
    yield server
    await server.close()


@pytest.fixture
async def connect(server: JobSocket, tmp_path: Path) -> AsyncIterator[Callable]:
    clients: list[Client] = []

    async def make() -> Client:
        clients.append(Client(*await asyncio.open_unix_connection(str(tmp_path / "s"))))
        return clients[-1]

    yield make
    for client in clients:
        client.hang_up()
