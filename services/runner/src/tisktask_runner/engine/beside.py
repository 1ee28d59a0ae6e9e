"""Containers beside a job's, in its pod: how one is made, and found again when the answer was lost."""

from pathlib import Path

from tisktask_runner.engine.container_body import ContainerOrder, sidecar_body
from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import Pod, SidecarSpec
from tisktask_runner.engine.podman_info import PodmanInfo, pod_name
from tisktask_runner.engine.removal import remove_half_made

_IN_USE = "already in use"


async def create_beside(libpod: Libpod, info: PodmanInfo, host: str, pod: Pod, spec: SidecarSpec) -> tuple[Pod, bool]:
    """Make a container that is not started, and say that it is new; or find the one that has its name already."""
    name = pod_name(host, f"{pod.pod_id[:12]}-{spec.name}")
    order = ContainerOrder(name, pod.pod_id, host, None, info.controls, info.layout.is_root)
    body = sidecar_body(spec, order)
    try:
        container_id = (await libpod.post("/containers/create", body))["Id"]
    except LibpodError as error:
        if _IN_USE not in error.cause:
            raise
        if known := await _find(libpod, name):
            return _beside(pod, known, spec.log_path), False
        # A Podman that died while it made the container: only its storage knows it.
        if not await remove_half_made(libpod, name):
            raise
        container_id = (await libpod.post("/containers/create", body))["Id"]
    return _beside(pod, container_id, spec.log_path), True


async def process_of(libpod: Libpod, container_id: str) -> int | None:
    """The number of a container's first process, 0: it does not run; None: Podman's numbers mean nothing here."""
    if not await libpod.shares_processes():
        return None
    try:
        return int((await libpod.get(f"/containers/{container_id}/json"))["State"]["Pid"])
    except LibpodError as error:
        if error.status == 404:
            return 0
        raise


async def _find(libpod: Libpod, name: str) -> str | None:
    try:
        return (await libpod.get(f"/containers/{name}/json"))["Id"]
    except LibpodError as error:
        if error.status == 404:
            return None
        raise


def _beside(pod: Pod, container_id: str, log_path: Path) -> Pod:
    return Pod(pod.pod_id, container_id, None, log_path, is_beside=True)
