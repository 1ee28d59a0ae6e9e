"""A job's pod with containers beside it, without a runner: what a test wants of an attempt."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from podman_host import IMAGE, Pods
from tisktask_common.events import Change, Repository
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import JobKind
from tisktask_common.rpc import JobSpec, Limits
from tisktask_runner.engine.model import Mount, Pod
from tisktask_runner.image.host import BuildHost
from tisktask_runner.image.pull import pull_image
from tisktask_runner.jobsocket.container_order import read_container_order
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.sidecar.hosts import HOSTS_TARGET, write_hosts
from tisktask_runner.sidecar.means import SidecarMeans
from tisktask_runner.sidecar.order import SidecarOrder
from tisktask_runner.sidecar.sidecars import Sidecars

#: Serves one file on port 8080, after it has said so.
_SERVE = """mkdir /srv/www; echo $GREETING > /srv/www/index.html; trap exit TERM
httpd -f -p 8080 -h /srv/www & echo ready; wait"""
WEB = ("sh", "-c", _SERVE)
#: Does nothing until it is told to end.
IDLE = ("sh", "-c", "trap exit TERM; sleep 1000 & wait")


@dataclass
class SidecarStage:
    """One job, whose program waits for files in its workspace."""

    pods: Pods
    lane: ShippingLane
    folder: Path
    host: BuildHost
    means: SidecarMeans = field(init=False)
    job: Pod | None = None

    def __post_init__(self) -> None:
        self.workspace.mkdir()
        write_hosts(self.folder / "hosts")
        self.means = SidecarMeans(
            engine=self.pods.engine,
            lane=self.lane,
            find_image=self.pods.engine.image_config,
            fetch_image=lambda name: pull_image(self.host, name),
            runner="test-host",
            spec=job_spec(f"job_{self.folder.name}"),
            pod=lambda: self.job,
            folder=self.folder / "containers",
            hosts=self.folder / "hosts",
            sidecars_max=4,
            shared=[Mount(self.workspace, "/workspace")],
        )

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def limit(self, **limits: int) -> None:
        spec = self.means.spec.model_copy(update={"limits": Limits(**limits)})
        self.means = replace(self.means, spec=spec)

    def log_key(self, name: str) -> str:
        return f"{self.means.spec.job_id}.1.{name}"

    async def start_job(self, script: str = "sleep 1000", **changes: object) -> Pod:
        limits = self.means.spec.limits
        mounts = [*self.means.shared, Mount(self.means.hosts, HOSTS_TARGET)]
        self.job = await self.pods.sh(self.means.spec.job_id, script, mounts=mounts, limits=limits, **changes)
        return self.job

    @asynccontextmanager
    async def supervised(self) -> AsyncGenerator[Sidecars]:
        """The containers in the hands of one supervisor; at the end it is gone, and they are left as they are."""
        sidecars = Sidecars(self.means)
        running = asyncio.create_task(sidecars.run())
        await asyncio.sleep(0)
        try:
            yield sidecars
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @asynccontextmanager
    async def attended(self) -> AsyncGenerator[Sidecars]:
        """The same, and at the end the job ends too, as an attempt does it."""
        sidecars = Sidecars(self.means)
        running = asyncio.create_task(sidecars.run())
        await asyncio.sleep(0)
        try:
            yield sidecars
            await self.end_job(sidecars)
            async with asyncio.timeout(20):
                await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def end_job(self, sidecars: Sidecars) -> None:
        await sidecars.end()
        if self.job:
            await self.pods.engine.remove(self.job)
        sidecars.close()


def order(*words: str, image: str = IMAGE, request_id: str = "") -> SidecarOrder:
    """What SPAWNCONTAINER with these words means; the image is put before them."""
    return read_container_order([word.encode() for word in (image, *words)], request_id)


def job_spec(job: str, **changes: object) -> JobSpec:
    fields: dict[str, object] = {
        "run_id": RunId("run_1"),
        "run_number": 1,
        "job_id": JobId(job),
        "attempt": 1,
        "kind": JobKind.PROGRAM,
        "name": "job",
        "repository": Repository(id=RepositoryId("repo_1"), forge="local", full_name="o/r"),
        "trigger_id": TriggerId("trg_1"),
        "delivery": "d1",
        "payload_chunks": 0,
        "change": Change(event="push", sha="0" * 40, ref="refs/heads/main", branch="main"),
        "clone_url": "/nowhere",
    }
    return JobSpec(**{**fields, **changes})  # type: ignore[arg-type]
