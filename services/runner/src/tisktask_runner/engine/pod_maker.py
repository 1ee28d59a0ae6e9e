"""Makes the pods of jobs, and sees each through: Podman makes on what nobody waits for any more."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from tisktask_runner.engine.container_body import ContainerOrder, container_body, pod_body
from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import EnginePlace, Pod, PodSpec
from tisktask_runner.engine.networks import Networks
from tisktask_runner.engine.podman_info import PodmanInfo, infra_name, job_name, pod_name
from tisktask_runner.engine.removal import remove_half_made, remove_pod, remove_unfinished
from tisktask_runner.engine.starter import Starter

log = structlog.get_logger()


@dataclass
class PodMaker:
    """Makes pods on one runner host."""

    libpod: Libpod
    place: EnginePlace
    networks: Networks
    starter: Starter
    podman_info: Callable[[], Awaitable[PodmanInfo]]
    removals: asyncio.Semaphore
    #: By name of the pod: those that are being made.
    _making: dict[str, "asyncio.Task[Pod]"] = field(default_factory=dict[str, "asyncio.Task[Pod]"])

    async def create(self, spec: PodSpec) -> Pod:
        """Make the pod's own network, the pod, and its job container, which is not started.

        What a failed creation leaves behind is removed at once, or by the collection of garbage; of one that is
        cancelled, which goes on, by `remove_unfinished`.
        """
        name = pod_name(self.place.host, spec.name)
        making = asyncio.create_task(self._create_anew(name, spec))
        self._making[name] = making
        making.add_done_callback(lambda done: self._note_made(name, done))
        return await asyncio.shield(making)

    async def remove_unfinished(self, front: str) -> None:
        """Remove what interrupted creations of names that begin so have left; it bears no labels of its job yet."""
        front = pod_name(self.place.host, front)
        if at_work := [making for name, making in self._making.items() if name.startswith(front)]:
            await asyncio.wait(at_work)
        async with self.removals:
            await remove_unfinished(self.libpod, front)

    def _note_made(self, name: str, making: "asyncio.Task[Pod]") -> None:
        if self._making.get(name) is making:
            del self._making[name]
        if not making.cancelled() and (error := making.exception()):
            # Whoever waits for it is told as well.
            log.info("pod_not_made", pod=name, error=str(error))

    async def _create_anew(self, name: str, spec: PodSpec) -> Pod:
        try:
            return await self._create(name, spec)
        except LibpodError as error:
            await self._remove_by_name(name)
            # From an earlier try whose answer was lost: it is out of the way now.
            if error.status != 409 and "already" not in error.cause:
                raise
        return await self._create(name, spec)

    async def _create(self, name: str, spec: PodSpec) -> Pod:
        info = await self.podman_info()
        host = self.place.host
        mode = self.place.networks[0] if spec.network else "none"
        network = await self.networks.make(name) if mode == "bridge" else None
        pod = pod_body(name, host, network, mode, info.cgroup_parent(host))
        pod_id = (await self.libpod.post("/pods/create", pod))["Id"]
        order = ContainerOrder(job_name(name), pod_id, host, network, info.controls, info.layout.is_root)
        infra = asyncio.create_task(self._start_infra(pod_id))
        try:
            container_id = (await self.libpod.post("/containers/create", container_body(spec, order)))["Id"]
            await infra
        except BaseException:
            infra.cancel()
            raise
        self.starter.note_fresh(container_id)
        return Pod(pod_id, container_id, network, spec.log_path)

    async def _start_infra(self, pod_id: str) -> None:
        """Have the pod's network and first process already: the caller has other things to do before the start."""
        async with self.starter.slots:
            try:
                await self.libpod.post(f"/containers/{infra_name(pod_id)}/start")
            except LibpodError as error:
                # The start of the program tries again, and says why if it is in vain.
                log.info("infra_not_started_early", pod_id=pod_id, error=error.message)

    async def _remove_by_name(self, name: str) -> None:
        async with self.removals:
            await remove_pod(self.libpod, name)
            await remove_half_made(self.libpod, job_name(name))
            await self.networks.remove(name)
