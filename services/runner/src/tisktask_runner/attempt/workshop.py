"""What all attempts of a process work with."""

from dataclasses import dataclass
from pathlib import Path

from tisktask_common.bus.connection import Bus
from tisktask_common.rpc import JobSpec
from tisktask_common.sealing import KeyPair
from tisktask_runner.attempt.images import Images
from tisktask_runner.engine.pods import Engine
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.news import NewsDesk
from tisktask_runner.source.mirror import Mirrors, WantedCommit


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


def pod_labels(spec: JobSpec) -> dict[str, str]:
    """Say on a pod whose it is."""
    return {"tisktask.run": spec.run_id, "tisktask.job": spec.job_id, "tisktask.attempt": str(spec.attempt)}
