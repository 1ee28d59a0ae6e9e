"""Finds and removes what is ours and nobody's: after kill -9, lost answers, restarts of the host."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from tisktask_runner.engine import leftovers
from tisktask_runner.engine.container_body import LOG_LABEL
from tisktask_runner.engine.container_state import read_time
from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import HOST_LABEL, Collected, EnginePlace
from tisktask_runner.engine.networks import build_network_name, interface_prefix
from tisktask_runner.engine.podman_info import PodmanInfo, pod_name
from tisktask_runner.engine.removal import remove_network, remove_pod
from tisktask_runner.engine.runtime_states import remove_states

log = structlog.get_logger()

IsLive = Callable[[Mapping[str, str]], bool]


async def collect(libpod: Libpod, place: EnginePlace, info: PodmanInfo, is_live: IsLive) -> Collected:
    """One round. What can not be removed is logged and left for the next."""
    round_ = _Round(libpod, place.host, place.garbage_age_seconds)
    pods = await round_.remove_dead_pods(is_live)
    networks = await round_.remove_unused_networks()
    containers = await round_.remove_storage_only_containers()
    known_pods = {pod["Id"] for pod in await libpod.get("/pods/json") or []}
    # Bridges first: each is younger than its network, so one that is made meanwhile is not taken for an orphan.
    bridges = await asyncio.to_thread(leftovers.list_bridges, interface_prefix(place.host))
    interfaces = {network["network_interface"] for network in await libpod.get("/networks/json") or []}
    parent = info.cgroup_parent(place.host)
    collected = Collected(
        pods=pods,
        networks=networks,
        containers=containers,
        namespaces=await asyncio.to_thread(leftovers.remove_bridges, bridges - interfaces),
        cgroups=await asyncio.to_thread(leftovers.remove_cgroups, parent, known_pods, place.cgroup_age_seconds)
        if parent
        else 0,
        build_folders=await _remove_build_folders(place),
        runtime_states=await _remove_runtime_states(libpod, place),
    )
    if collected != Collected():
        log.info("garbage_collected", **vars(collected))
    return collected


async def _remove_build_folders(place: EnginePlace) -> int:
    return await asyncio.to_thread(leftovers.remove_build_folders, place.temporary) if place.temporary else 0


async def _remove_runtime_states(libpod: Libpod, place: EnginePlace) -> int:
    if not await libpod.shares_processes():
        # Another machine's runtime, or one that can not be seen from this container.
        return 0
    info = await libpod.get("/info")
    folders = [Path(info["store"]["graphRoot"]), *([place.temporary] if place.temporary else [])]
    return await asyncio.to_thread(remove_states, info["host"]["ociRuntime"]["path"], folders)


@dataclass(frozen=True)
class _Round:
    libpod: Libpod
    host: str
    age_seconds: float

    @property
    def _ours(self) -> str:
        return json.dumps({"label": [f"{HOST_LABEL}={self.host}"]})

    async def remove_dead_pods(self, is_live: IsLive) -> int:
        containers: list[dict[str, Any]] = await self.libpod.get("/containers/json", all=True, filters=self._ours)
        labels = {
            container["Pod"]: container["Labels"] for container in containers or [] if LOG_LABEL in container["Labels"]
        }
        removed = 0
        for pod in await self.libpod.get("/pods/json", filters=self._ours) or []:
            # A pod without a job container: whoever made it died between two steps.
            is_dead = pod["Id"] not in labels or not is_live(labels[pod["Id"]])
            if is_dead and not self._is_young(pod["Created"]):
                removed += await self._removed(remove_pod(self.libpod, pod["Id"]), pod=pod["Name"])
        return removed

    async def remove_unused_networks(self) -> int:
        pods = {pod["Name"] for pod in await self.libpod.get("/pods/json", filters=self._ours) or []}
        # Containers of builds are none of libpod's: it would not know that the network is in use.
        pods.add(build_network_name(self.host))
        removed = 0
        for network in await self.libpod.get("/networks/json", filters=self._ours) or []:
            # A network has the name of its pod.
            if network["name"] not in pods and not self._is_young(network["created"]):
                removed += await self._removed(remove_network(self.libpod, network["name"]), network=network["name"])
        return removed

    async def remove_storage_only_containers(self) -> int:
        """Containers that libpod lost between two steps: their layers take space, `podman ps --external` shows them."""
        containers = await self.libpod.get("/containers/json", all=True, external=True)
        known_pods = {pod["Id"][:12] for pod in await self.libpod.get("/pods/json") or []}
        removed = 0
        for container in containers or []:
            name = (container.get("Names") or [""])[0]
            if container["State"] != "storage" or self._is_young(container["Created"]):
                continue
            pod = name.removesuffix("-infra")
            is_orphaned_infra = pod != name and pod not in known_pods
            if is_orphaned_infra or name.startswith(pod_name(self.host, "")):
                call = self.libpod.delete(f"/containers/{container['Id']}", force=True)
                removed += await self._removed(call, container=name)
        return removed

    async def _removed(self, removal: Awaitable[None], **what: str) -> int:
        try:
            await removal
        except LibpodError as error:
            log.warning("garbage_not_removed", error=error.message, **what)
            return 0
        return 1

    def _is_young(self, created: str) -> bool:
        at = read_time(created)
        return at is not None and (datetime.now(UTC) - at).total_seconds() < self.age_seconds
