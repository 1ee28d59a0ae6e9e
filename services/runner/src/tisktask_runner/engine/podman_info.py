"""What a running Podman says about itself and its host. Read once per engine."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tisktask_runner.engine.cgroup import CgroupLayout
from tisktask_runner.engine.container_body import LOG_LABEL, NETWORK_LABEL, Controls
from tisktask_runner.engine.container_state import read_time
from tisktask_runner.engine.model import EngineVersion, Pod, PodSummary


@dataclass(frozen=True)
class PodmanInfo:
    """The parts of `podman info` that decide what we say to it."""

    version: EngineVersion
    layout: CgroupLayout
    controls: Controls

    def cgroup_parent(self, host: str) -> str | None:
        """A parent for the pods of this host only, so that its leftovers can be told from others'.

        systemd wants slices, and clears them itself.
        """
        if self.layout.manager != "cgroupfs" or not self.layout.is_root:
            return None
        return f"/tisktask-{host_tag(host)}"


def host_tag(host: str) -> str:
    """A short name of a runner host, for places that have no room for its own."""
    return hashlib.sha256(host.encode()).hexdigest()[:4]


def pod_name(host: str, name: str) -> str:
    """The name of a pod, its network and the front of its containers': apart from another runner host's."""
    return f"tisktask-{host_tag(host)}-{name}"


def job_name(name: str) -> str:
    """The name of the job's container in the pod of this name."""
    return f"{name}-job"


def infra_name(pod_id: str) -> str:
    """The name that libpod gives to a pod's first container."""
    return f"{pod_id[:12]}-infra"


def read_podman_info(info: dict[str, Any]) -> PodmanInfo:
    host = info["host"]
    is_root = not host["security"]["rootless"]
    number = 2 if host["cgroupVersion"] == "v2" else 1
    layout = CgroupLayout(number, host["cgroupManager"], is_root)
    version = EngineVersion(info["version"]["Version"], host["ociRuntime"]["name"], host["cgroupVersion"])
    return PodmanInfo(version, layout, _controls(layout, host.get("cgroupControllers") or []))


def _controls(layout: CgroupLayout, delegated: list[str]) -> Controls:
    if layout.is_root:
        return Controls(swap=_can_limit_swap(layout))
    if layout.version == 1:
        return Controls(memory=False, swap=False, pids=False, cpu=False)
    has_memory = "memory" in delegated
    return Controls(
        memory=has_memory,
        swap=has_memory and _can_limit_swap(layout),
        pids="pids" in delegated,
        cpu="cpu" in delegated,
    )


def _can_limit_swap(layout: CgroupLayout) -> bool:
    # Kernels can be built or booted without swap accounting; Podman would refuse the container.
    if layout.version == 1:
        return Path("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").exists()
    return Path("/proc/swaps").exists()


def read_summary(container: dict[str, Any]) -> PodSummary:
    """Read a job's container, as libpod lists it."""
    labels: dict[str, str] = container["Labels"]
    pod = Pod(container["Pod"], container["Id"], labels[NETWORK_LABEL] or None, Path(labels[LOG_LABEL]))
    return PodSummary(pod, labels, read_time(container["Created"]) or datetime.now(UTC), container["State"])
