"""The stage on which runner processes are tried."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nats_server import NatsServer
from podman_host import PodmanHost, podman_host  # noqa: F401
from runner_logs import LogArchive, open_archive
from runner_stage import RunnerStage, open_stage
from tisktask_common.bus.connection import Bus


@pytest.fixture
async def archive(bus: Bus) -> AsyncIterator[LogArchive]:
    async with open_archive(bus) as archive:
        yield archive


@pytest.fixture
async def stage(
    podman_host: PodmanHost,  # noqa: F811
    nats_server: NatsServer,
    bus: Bus,
    tmp_path: Path,
) -> AsyncIterator[RunnerStage]:
    async with open_stage(podman_host, nats_server, bus, tmp_path) as stage:
        yield stage
