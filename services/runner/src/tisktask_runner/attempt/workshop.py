"""What all attempts of a process work with."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from tisktask_common.bus.connection import Bus
from tisktask_common.rpc import JobSpec
from tisktask_common.sealing import KeyPair
from tisktask_runner.attempt.images import Images
from tisktask_runner.engine.pods import Engine
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.messages import MessageDesk
from tisktask_runner.news import NewsDesk
from tisktask_runner.podman_watch import PodmanWatch
from tisktask_runner.source.mirror import Mirrors, WantedCommit
from tisktask_runner.source.recent import RecentListings

_VARIABLES = TypeAdapter(dict[str, str])


@dataclass(frozen=True)
class Workshop:
    """One process of a runner host: its tools and places."""

    runner: str
    #: Directories of attempts; shared by the host's processes.
    jobs: Path
    bus: Bus
    engine: Engine
    mirrors: Mirrors
    images: Images
    lane: ShippingLane
    #: Tells those who wait that it is time to ask again.
    news: NewsDesk
    #: Secrets of claimed jobs are sealed for it. Of this process alone, and never on disk.
    keys: KeyPair
    messages: MessageDesk = field(default_factory=MessageDesk)
    listings: RecentListings = field(default_factory=RecentListings)
    socket_limits: SocketLimits = field(default_factory=SocketLimits)
    podman: PodmanWatch = field(default_factory=PodmanWatch)
    #: Beside one job.
    containers_max: int = 16
    #: The program tisktask-cmd.
    command_client: Path | None = None

    def wanted_commit(self, spec: JobSpec) -> WantedCommit:
        return WantedCommit(
            forge=spec.repository.forge,
            full_name=spec.repository.full_name,
            clone_url=spec.clone_url,
            sha=spec.change.sha,
            ref=spec.change.ref,
            fetch_ref=spec.change.fetch_ref,
            token=self.keys.open(spec.sealed_token) if spec.sealed_token else None,
        )

    def secret_environment(self, spec: JobSpec) -> dict[str, str]:
        """Open the variables that a job's parent has given it."""
        if not spec.sealed_environment:
            return {}
        return _VARIABLES.validate_json(self.keys.open(spec.sealed_environment).get_secret_value())


def pod_labels(spec: JobSpec) -> dict[str, str]:
    """Say on a pod whose it is."""
    return {"tisktask.run": spec.run_id, "tisktask.job": spec.job_id, "tisktask.attempt": str(spec.attempt)}
