"""Starts a container of a pod; what Podman tells only about the pod's first one is found out."""

import structlog

from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import Pod
from tisktask_runner.engine.stale_container import is_stale, remove_stale

log = structlog.get_logger()

_INFRA_FAILED = "starting some containers"


async def start_container(libpod: Libpod, pod: Pod) -> None:
    """Start it; once more if an earlier start, whose Podman has died, is in the way."""
    try:
        await _start(libpod, pod)
    except LibpodError as error:
        if not is_stale(error.cause):
            raise
        log.warning("start_in_the_way", pod_id=pod.pod_id, error=error.message)
        await remove_stale(libpod, [await _infra(libpod, pod), pod.container_id])
        await _start(libpod, pod)


async def _start(libpod: Libpod, pod: Pod) -> None:
    try:
        await libpod.post(f"/containers/{pod.container_id}/start")
    except LibpodError as error:
        if _INFRA_FAILED not in error.cause:
            raise
        # The cause is told only to who starts the infra container by itself; it may have been passing.
        log.warning("infra_not_started", pod_id=pod.pod_id, error=error.message)
        await libpod.post(f"/containers/{await _infra(libpod, pod)}/start")
        await libpod.post(f"/containers/{pod.container_id}/start")


async def _infra(libpod: Libpod, pod: Pod) -> str:
    return (await libpod.get(f"/pods/{pod.pod_id}/json"))["InfraContainerID"]
