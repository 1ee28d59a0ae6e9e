"""Starts a container of a pod; what Podman tells only about the pod's first one is found out."""

import structlog

from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import Pod

log = structlog.get_logger()

_INFRA_FAILED = "starting some containers"


async def start_container(libpod: Libpod, pod: Pod) -> None:
    try:
        await libpod.post(f"/containers/{pod.container_id}/start")
    except LibpodError as error:
        if _INFRA_FAILED not in error.cause:
            raise
        # The cause is told only to who starts the infra container by itself; it may have been passing.
        log.warning("infra_not_started", pod_id=pod.pod_id, error=error.message)
        infra = (await libpod.get(f"/pods/{pod.pod_id}/json"))["InfraContainerID"]
        await libpod.post(f"/containers/{infra}/start")
        await libpod.post(f"/containers/{pod.container_id}/start")
