"""What is said to libpod for one job: its network, its pod, its containers. Pure: values in, JSON out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tisktask_common.rpc import Limits
from tisktask_runner.engine.model import HOST_LABEL, Mount, PodSpec, SidecarSpec

#: On job containers only (infra containers inherit a pod's labels): all that is needed to find a pod again.
NETWORK_LABEL = "tisktask.engine.network"
LOG_LABEL = "tisktask.engine.log"
#: On the containers beside a job's: they bear none of its labels, so they are never taken for it.
BESIDE_LABEL = "tisktask.engine.beside"

#: What a container's root needs for package managers, chown and servers on low ports. Podman's default less SETPCAP
#: and SYS_CHROOT; none of MKNOD, NET_RAW, AUDIT_WRITE.
CAPABILITIES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETUID",
)

#: Shared memory counts as memory of the job, and Podman's 64 MiB are too few for a browser.
_SHM_BYTES_MAX = 1 << 30
_CPU_PERIOD_MICROSECONDS = 100_000


@dataclass(frozen=True)
class Controls:
    """Which limits this host can set."""

    memory: bool = True
    swap: bool = True
    pids: bool = True
    cpu: bool = True


@dataclass(frozen=True)
class NetworkOrder:
    """A network to make."""

    name: str
    interface: str
    host: str
    #: None: Podman's default. Larger than the way out, packets would be lost where ICMP is filtered.
    mtu: int | None
    #: Where our own firewall rules can not be: at least cut the networks from each other.
    is_isolated_by_podman: bool


def network_body(order: NetworkOrder) -> dict[str, Any]:
    options: dict[str, str] = {}
    if order.mtu:
        options["mtu"] = str(order.mtu)
    if order.is_isolated_by_podman:
        options["isolate"] = "true"
    return {
        "name": order.name,
        "driver": "bridge",
        "network_interface": order.interface,
        # Without a resolver of its own the container gets the host's nameservers.
        "dns_enabled": False,
        "labels": {HOST_LABEL: order.host},
        "options": options,
    }


def pod_body(name: str, host: str, network: str | None, mode: str, cgroup_parent: str | None) -> dict[str, Any]:
    """A pod whose infra container is the first process: programs are ordinary processes, not number 1.

    Number 1 would ignore every signal that it does not handle, SIGTERM too, and would have to reap orphans.
    """
    body: dict[str, Any] = {
        "name": name,
        "hostname": "tisktask",
        "labels": {HOST_LABEL: host},
        "shared_namespaces": ["net", "uts", "pid"],
        # "stop" makes a removal within half a second of the exit take three.
        "exit_policy": "continue",
        "netns": {"nsmode": mode},
    }
    if network is not None:
        body["Networks"] = {network: {}}
    if cgroup_parent is not None:
        body["cgroup_parent"] = cgroup_parent
    return body


@dataclass(frozen=True)
class ContainerOrder:
    """Where a container is to be made."""

    name: str
    pod_id: str
    host: str
    network: str | None
    controls: Controls
    #: Rootless, files of another user could not be removed any more.
    may_give_away: bool = True


def container_body(spec: PodSpec, order: ContainerOrder) -> dict[str, Any]:
    body = _common_body(spec, order) | {"entrypoint": spec.command, "command": [], "labels": _labels(spec, order)}
    return body | ({"work_dir": spec.workdir} if spec.workdir else {})


def sidecar_body(spec: SidecarSpec, order: ContainerOrder) -> dict[str, Any]:
    """A container as its image wants to be run: entrypoint, command, user and directory are the image's.

    Its processes are its own: images are made to be process number 1, and some insist (s6-overlay).
    """
    body = _common_body(spec, order) | {
        "pidns": {"nsmode": "private"},
        "labels": {HOST_LABEL: order.host, BESIDE_LABEL: spec.name},
    }
    if spec.arguments:
        body["command"] = spec.arguments
    return body | ({"user": spec.user} if spec.user else {})


def _common_body(spec: PodSpec | SidecarSpec, order: ContainerOrder) -> dict[str, Any]:
    return {
        "name": order.name,
        "pod": order.pod_id,
        "image": spec.image,
        "env": dict(spec.environment),
        "httpproxy": False,
        "mounts": [_shared_memory(spec.limits), *(_bind(mount, order) for mount in spec.mounts)],
        # Never a size: conmon would drop the oldest lines.
        "log_configuration": {"driver": "k8s-file", "path": str(spec.log_path)},
        "no_new_privileges": True,
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "resource_limits": _resources(spec.limits, order.controls),
        # VOLUMEs of an image would outlive the job as volumes: they are plain directories of the container.
        "image_volume_mode": "ignore",
        "healthconfig": {"Test": ["NONE"]},
        "systemd": "false",
        "restart_policy": "no",
        "stop_timeout": 0,
    }


def _labels(spec: PodSpec, order: ContainerOrder) -> Mapping[str, str]:
    own = {HOST_LABEL: order.host, NETWORK_LABEL: order.network or "", LOG_LABEL: str(spec.log_path)}
    return {**spec.labels, **own}


def _resources(limits: Limits, controls: Controls) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    if limits.memory_bytes and controls.memory:
        resources["memory"] = {"limit": limits.memory_bytes}
        if controls.swap:
            # Memory and swap together: the same number is "no swap beyond".
            resources["memory"]["swap"] = limits.memory_bytes
    if limits.pids and controls.pids:
        resources["pids"] = {"limit": limits.pids}
    if limits.cpus and controls.cpu:
        quota = int(limits.cpus * _CPU_PERIOD_MICROSECONDS)
        resources["cpu"] = {"period": _CPU_PERIOD_MICROSECONDS, "quota": max(1000, quota)}
    return resources


def _bind(mount: Mount, order: ContainerOrder) -> dict[str, Any]:
    owner = ["U"] if mount.is_users and order.may_give_away else []
    return {
        "type": "bind",
        "source": str(mount.source),
        "destination": mount.target,
        "options": ["rbind", "rprivate", "ro" if mount.read_only else "rw", *owner],
    }


def _shared_memory(limits: Limits) -> dict[str, Any]:
    """Shared memory as a mount: `shm_size` is overruled by the infra container's in a pod (4.3)."""
    size = min(_SHM_BYTES_MAX, limits.memory_bytes // 2) if limits.memory_bytes else _SHM_BYTES_MAX
    options = ["nosuid", "nodev", "noexec", "mode=1777", f"size={size}"]
    return {"type": "tmpfs", "source": "tmpfs", "destination": "/dev/shm", "options": options}  # noqa: S108 - a mount point
