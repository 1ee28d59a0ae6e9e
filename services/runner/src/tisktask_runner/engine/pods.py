"""The engine: one pod per job, on a Podman that listens on a Unix socket."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from math import inf
from typing import Any

import structlog

from tisktask_runner.engine import beside, garbage
from tisktask_runner.engine.cgroup import KillCount
from tisktask_runner.engine.container_body import LOG_LABEL
from tisktask_runner.engine.ending import Ending
from tisktask_runner.engine.exits import ExitWatcher
from tisktask_runner.engine.images import Images
from tisktask_runner.engine.isolation import Isolation
from tisktask_runner.engine.libpod import EngineError, Libpod, LibpodError
from tisktask_runner.engine.memory_kills import KillCounts
from tisktask_runner.engine.model import (
    HOST_LABEL,
    Collected,
    EnginePlace,
    EngineVersion,
    Exit,
    ImageConfig,
    ImageSize,
    Lost,
    NotStarted,
    Pod,
    PodSpec,
    PodSummary,
    SidecarSpec,
    Started,
)
from tisktask_runner.engine.networks import Networks, build_network_name
from tisktask_runner.engine.patience import when_back
from tisktask_runner.engine.pod_maker import PodMaker
from tisktask_runner.engine.podman_info import PodmanInfo, read_podman_info, read_summary
from tisktask_runner.engine.removal import remove_container, remove_pod
from tisktask_runner.engine.starter import Starter
from tisktask_runner.engine.unseen_start import kill_unseen

log = structlog.get_logger()

_KILL_SECONDS_MAX = 30.0
_REMOVALS_AT_ONCE = 2


@asynccontextmanager
async def open_engine(place: EnginePlace) -> AsyncGenerator["Engine"]:
    """An engine for as long as the block lasts. Podman need not be there yet: see `ping`."""
    libpod = Libpod(place.socket)
    exits = ExitWatcher(place.libpod_run / "exits")
    isolation = Isolation.on_this_host()
    exits.start()
    keeping = asyncio.create_task(isolation.keep(), name="isolation")
    try:
        yield Engine(place, libpod, exits, isolation)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        exits.close()
        await libpod.close()


class Engine:
    """What Tisktask asks of Podman. Made by `open_engine`.

    Calls raise `EngineError` (an InfrastructureError) when Podman fails or is away; asking again is always safe, and
    what must not fail because of a restart of Podman does so by itself for a minute.
    """

    def __init__(self, place: EnginePlace, libpod: Libpod, exits: ExitWatcher, isolation: Isolation) -> None:
        self.place = place
        self.isolation = isolation
        self._libpod = libpod
        self._exits = exits
        self._networks = Networks(libpod, place.host, isolation)
        self._images = Images(libpod)
        self._kills = KillCounts(libpod, place.host)
        self._info: PodmanInfo | None = None
        self._starter = Starter(libpod, exits, asyncio.Semaphore(place.starts_max or os.cpu_count() or 2))
        self._removals = asyncio.Semaphore(_REMOVALS_AT_ONCE)
        self._maker = PodMaker(libpod, place, self._networks, self._starter, self._podman_info, self._removals)

    async def create(self, spec: PodSpec) -> Pod:
        """Make the pod's own network, the pod, and its job container, which is not started.

        Cancelled, it is made all the same; `remove_unfinished` waits for that.
        """
        return await self._maker.create(spec)

    async def create_beside(self, pod: Pod, spec: SidecarSpec) -> Pod:
        """Make a container beside the job's, which is not started; asked again, it is the same. It ends with the pod.

        Like the job's it can be started, awaited and stopped.
        """
        self._kills.note_company(pod)
        made, is_new = await beside.create_beside(self._libpod, await self._podman_info(), self.place.host, pod, spec)
        if is_new:
            self._starter.note_fresh(made.container_id)
        return made

    async def process_of(self, pod: Pod) -> int | None:
        """The number of its first process, 0: it does not run; None: Podman's processes can not be seen from here."""
        return await beside.process_of(self._libpod, pod.container_id)

    async def start(self, pod: Pod) -> Started | NotStarted:
        """Execute the program. Never a second time: a pod that runs or has ended is `Started`.

        A Podman that dies meanwhile is asked when it is back: it knows whether the program was started.
        """
        return await self._starter.start(pod, await when_back(lambda: self._count_kills(pod)))

    async def wait(self, pod: Pod) -> Exit | Lost:
        """Wait for the program's end. Also for a pod that another process started, or that ended unwatched."""
        try:
            kills = await when_back(lambda: self._count_kills(pod), inf)
        except LibpodError as error:
            if error.status != 404:
                raise
            return Lost("its pod was removed")
        return await Ending(self._libpod, self._exits, pod, kills, self._starter.started_at(pod)).wait()

    async def _count_kills(self, pod: Pod) -> KillCount:
        return await self._kills.of(pod, await self._podman_info())

    async def stop(self, pod: Pod, grace_seconds: float, first: str = "SIGTERM") -> None:
        """Send SIGTERM to the program, and after the grace SIGKILL to all; returns when it has ended."""
        for signal, seconds in ((first, grace_seconds), ("SIGKILL", _KILL_SECONDS_MAX)):
            if not await self._signal(pod, signal):
                return
            try:
                async with asyncio.timeout(seconds):
                    await self.wait(pod)
            except TimeoutError:
                log.info("pod_outlives_signal", pod_id=pod.pod_id, signal=signal, seconds=seconds)
            else:
                return
        raise EngineError(f"the pod {pod.pod_id[:12]} did not end within {_KILL_SECONDS_MAX} s after SIGKILL")

    async def _signal(self, pod: Pod, signal: str) -> bool:
        """Whether there was something to send a signal to."""
        try:
            await self._libpod.post(f"/containers/{pod.container_id}/kill", signal=signal)
        except LibpodError as error:
            if error.status == 404:
                return False
            if error.status == 409 or "state improper" in error.cause:
                # It does not run (any more), or libpod has not seen it start.
                return await self._signal_unseen(pod, signal)
            raise
        return True

    async def _signal_unseen(self, pod: Pod, signal: str) -> bool:
        try:
            kills = await self._count_kills(pod)
        except LibpodError as error:
            if error.status == 404:
                return False
            raise
        # Before the signal: who waits may not be ready to see the end yet, and nobody tells of it later.
        self._exits.keep(pod.container_id, kills.read)
        return await kill_unseen(self._libpod, pod, signal)

    async def remove(self, pod: Pod) -> None:
        """Remove pod, containers and network, running or not; one beside the job's alone. Nothing there: done."""
        self._starter.forget(pod)
        if pod.is_beside:
            await remove_container(self._libpod, pod.container_id)
            return
        self._kills.forget(pod)
        async with self._removals:
            await remove_pod(self._libpod, pod.pod_id)
            if pod.network:
                await self._networks.remove(pod.network)

    async def remove_unfinished(self, front: str) -> None:
        """Remove what interrupted creations of names that begin so have left; it bears no labels of its job yet."""
        await self._maker.remove_unfinished(front)

    async def find(self, labels: Mapping[str, str]) -> list[PodSummary]:
        """List this host's pods that carry all of these labels."""
        wanted = {**labels, HOST_LABEL: self.place.host}
        filters = json.dumps({"label": [f"{key}={value}" for key, value in wanted.items()]})
        containers: list[dict[str, Any]] = await self._libpod.get("/containers/json", all=True, filters=filters)
        return [read_summary(container) for container in containers or [] if LOG_LABEL in container["Labels"]]

    async def build_network(self) -> str | None:
        """A network for `podman build --network` that is parted from this host as jobs' are; None: there can be none.

        The default one (`private`) would let the lines of a Dockerfile reach every service of this host.
        """
        return await self._networks.make_for_builds() if "bridge" in self.place.networks else None

    async def remove_build_network(self) -> None:
        """Remove it. Only for who knows that no build is at work: libpod does not see the containers of builds."""
        await self._networks.remove(build_network_name(self.place.host))

    async def has_image(self, ref: str) -> bool:
        return await self._images.has(ref)

    async def remove_image(self, ref: str) -> bool:
        """Remove an image if no container uses it. False: there is none, or it is in use."""
        return await self._images.remove(ref)

    async def image_sizes(self) -> dict[str, ImageSize]:
        """Tell by its id what each image takes on the disk."""
        return await self._images.sizes()

    async def image_config(self, ref: str) -> ImageConfig | None:
        """Read how an image wants to run; None: there is no such image."""
        return await self._images.config(ref)

    async def path_exists_in_image(self, ref: str, path: str) -> bool:
        """Whether a file is in an image (following links inside it), without starting anything."""
        return await self._images.path_exists(ref, path)

    async def ping(self) -> bool:
        """Whether Podman answers now, and soon."""
        try:
            await self._libpod.ping()
        except EngineError as error:
            log.debug("podman_away", error=error.message)
            return False
        return True

    async def version(self) -> EngineVersion:
        return (await self._podman_info()).version

    async def collect_garbage(self, is_live: Callable[[Mapping[str, str]], bool]) -> Collected:
        """Remove what is ours and nobody's: pods whose labels `is_live` denies, and all sorts of leftovers.

        `is_live` is given the labels of a job's pod. Young pods are left alone.
        """
        info = await self._podman_info()
        async with self._removals:
            return await garbage.collect(self._libpod, self.place, info, is_live)

    async def _podman_info(self) -> PodmanInfo:
        if self._info is None:
            self._info = read_podman_info(await self._libpod.get("/info"))
            controls = asdict(self._info.controls)
            log.info("engine_found", engine=str(self._info.version), controls=controls)
            if missing := [name for name, is_there in controls.items() if not is_there]:
                log.error("limits_have_no_effect", limits=missing, hint="see `tisktask doctor`")
        return self._info
