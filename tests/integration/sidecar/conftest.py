"""A job's pod on a private Podman, and a bus for the logs of what is beside it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from busybox import busybox_tar
from podman_host import PodmanHost, Pods, engine, podman_host, pods  # noqa: F401
from runner_logs import LogArchive, open_archive, open_lane
from sidecar_stage import SidecarStage
from tisktask_common.bus.connection import Bus
from tisktask_runner.image.host import BuildHost


@pytest.fixture
async def archive(bus: Bus) -> AsyncIterator[LogArchive]:
    async with open_archive(bus) as archive:
        yield archive


@pytest.fixture
async def stage(podman_host: PodmanHost, pods: Pods, bus: Bus) -> AsyncIterator[SidecarStage]:  # noqa: F811
    folder = Path(tempfile.mkdtemp(prefix="sidecar-", dir=podman_host.folder))
    async with open_lane(bus) as lane:
        yield SidecarStage(pods, lane, folder, BuildHost(folder / "builds", podman_host.environment))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def talking_image(podman_host: PodmanHost) -> Iterator[str]:  # noqa: F811
    """An image with an entrypoint that says what its command is."""
    name = "localhost/tisktask-test/talking:1"
    archive = podman_host.folder / "talking.tar"
    archive.write_bytes(busybox_tar())
    changes = ["ENV PATH=/bin", 'ENTRYPOINT ["/bin/echo", "from"]', 'CMD ["the", "image"]', "VOLUME /data"]
    podman_host.podman("import", *(word for change in changes for word in ("--change", change)), str(archive), name)
    archive.unlink()
    yield name
    podman_host.podman("rmi", "--force", name)
