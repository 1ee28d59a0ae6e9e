"""Makes and starts a container. Each step is found done if it was done before, also by a process that has died."""

import asyncio

import structlog

from tisktask_common.errors import ConflictError
from tisktask_runner.engine.libpod import EngineAwayError, LibpodError
from tisktask_runner.engine.model import ImageConfig, NotStarted, Pod, SidecarSpec
from tisktask_runner.sidecar import words
from tisktask_runner.sidecar.errors import ImageUnavailableError, NotStartedError
from tisktask_runner.sidecar.hosts import add_aliases
from tisktask_runner.sidecar.means import SidecarMeans
from tisktask_runner.sidecar.order import SidecarOrder
from tisktask_runner.sidecar.ports import is_listened_on
from tisktask_runner.sidecar.sidecar import Sidecar

log = structlog.get_logger()

#: So long a restart of Podman's service may take before a program hears of it.
_PODMAN_AWAY_SECONDS = 60.0
_RETRY_SECONDS = 0.5


async def bring_up(means: SidecarMeans, sidecar: Sidecar, order: SidecarOrder) -> None:
    """Have it started; raises UserErrors, and InfrastructureErrors if Podman stays away."""
    now = asyncio.get_running_loop().time
    give_up_at = now() + _PODMAN_AWAY_SECONDS
    while True:
        try:
            return await _bring_up(means, sidecar, order)
        except EngineAwayError as error:
            if now() > give_up_at:
                raise
            log.warning("container_not_started_yet", container=sidecar.record.name, error=error.message)
            await asyncio.sleep(_RETRY_SECONDS)
        except LibpodError as error:
            # It is the description that Podman does not like, and its words tell why.
            raise NotStartedError(words.not_started(sidecar.record.name, error.cause)) from error


async def _bring_up(means: SidecarMeans, sidecar: Sidecar, order: SidecarOrder) -> None:
    pod = means.pod()
    if pod is None:
        raise NotStartedError(words.not_started(sidecar.record.name, words.pod_gone()))
    image = await _have_image(means, order.image)
    if not sidecar.record.is_started:
        await _refuse_taken_port(means, pod, order.readiness.port)
    await asyncio.to_thread(add_aliases, means.hosts, _aliases(order))
    made = await means.engine.create_beside(pod, _spec(means, sidecar, order))
    # Before it is done: whoever comes after us must watch it.
    sidecar.note(pod_id=made.pod_id, container_id=made.container_id, is_started=True, stop_signal=image.stop_signal)
    started = await means.engine.start(made)
    if isinstance(started, NotStarted):
        raise NotStartedError(words.not_started(sidecar.record.name, started.message))


async def _have_image(means: SidecarMeans, image: str) -> ImageConfig:
    if config := await means.find_image(image):
        return config
    log.info("container_image_pulled", image=image)
    if missing := await means.fetch_image(image):
        raise ImageUnavailableError(missing.reason)
    config = await means.find_image(image)
    if config is None:
        raise ImageUnavailableError(words.image_gone(image))
    return config


async def _refuse_taken_port(means: SidecarMeans, pod: Pod, port: int | None) -> None:
    """A listener that is there already would pass for the new container, which can not have the port."""
    if port is None:
        return
    process = await means.engine.process_of(pod)
    if process and await asyncio.to_thread(is_listened_on, process, port):
        raise ConflictError(words.port_taken(port))


def _aliases(order: SidecarOrder) -> list[str]:
    """A container that was given a name is also found by it."""
    return [*order.aliases, order.name] if order.name else list(order.aliases)


def _spec(means: SidecarMeans, sidecar: Sidecar, order: SidecarOrder) -> SidecarSpec:
    limits = means.spec.limits
    memory_bytes = order.memory_bytes or limits.memory_bytes
    return SidecarSpec(
        name=sidecar.record.name,
        image=order.image,
        arguments=list(order.arguments),
        environment=order.environment,
        limits=limits.model_copy(update={"memory_bytes": memory_bytes}),
        log_path=sidecar.place.output_log,
        user=order.user,
        mounts=means.mounts(),
    )
