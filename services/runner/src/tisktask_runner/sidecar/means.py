"""What the containers beside one job are made with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tisktask_common.log_chunk import LogStream
from tisktask_common.rpc import JobSpec
from tisktask_common.subjects import log_subject
from tisktask_runner.engine.model import ImageConfig, Mount, Pod
from tisktask_runner.engine.pods import Engine
from tisktask_runner.image.pull import NotPulled
from tisktask_runner.log.cut import LogPart, LogSource
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.sidecar.hosts import HOSTS_TARGET
from tisktask_runner.sidecar.records import SidecarPlace


@dataclass(frozen=True)
class SidecarMeans:
    """The tools and places of one attempt."""

    engine: Engine
    lane: ShippingLane
    #: Notes that an image is about to be used, and reads how it wants to run; None: it is not on this host.
    find_image: Callable[[str], Awaitable[ImageConfig | None]]
    #: Has an image on this host, pulling it if need be.
    fetch_image: Callable[[str], Awaitable[NotPulled | None]]
    runner: str
    spec: JobSpec
    #: The job's own pod, once it is made.
    pod: Callable[[], Pod | None]
    #: A directory for each container.
    folder: Path
    #: Mounted at /etc/hosts, in the job's container too.
    hosts: Path
    sidecars_max: int
    #: Directories of the job that its sidecars have at the same places.
    shared: list[Mount]

    def mounts(self) -> list[Mount]:
        return [*self.shared, Mount(self.hosts, HOSTS_TARGET)]

    def place(self, name: str) -> SidecarPlace:
        return SidecarPlace(self.folder / name)

    def log_source(self, name: str) -> LogSource:
        spec, place = self.spec, self.place(name)
        return LogSource(
            job=spec.job_id,
            attempt=spec.attempt,
            subject=log_subject(self.runner, spec.run_id, spec.job_id, spec.attempt, name),
            parts=[LogPart(place.output_log), LogPart(place.after_log, LogStream.SYSTEM)],
            bytes_max=spec.limits.log_bytes,
            container=name,
        )
