"""What the containers beside a job have of it: its pod, its workspace, its limits."""

from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.environment import WORKSPACE_TARGET
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.engine.model import Mount
from tisktask_runner.sidecar.means import SidecarMeans


def sidecar_means(shop: Workshop, custody: Custody) -> SidecarMeans:
    """Give them the workspace, to read and write, and not the job's socket: that has the job's authority."""
    directory = custody.directory
    return SidecarMeans(
        engine=shop.engine,
        lane=shop.lane,
        find_image=shop.images.config,
        fetch_image=shop.images.fetch,
        runner=shop.runner,
        spec=custody.record.spec,
        pod=directory.read_pod,
        folder=directory.containers,
        hosts=directory.hosts,
        sidecars_max=shop.containers_max,
        shared=[Mount(directory.workspace, WORKSPACE_TARGET)],
    )
