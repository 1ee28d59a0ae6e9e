"""Where a job's control group is, and whether the kernel's out-of-memory killer was in it."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_KMSG_BYTES_MAX = 8192


@dataclass(frozen=True)
class CgroupLayout:
    """How Podman on this host lays out control groups."""

    #: 1 (also hybrid) or 2.
    version: int
    #: cgroupfs or systemd.
    manager: str
    is_root: bool = True

    def out_of_memory_files(self, pod_cgroup: str, container_id: str) -> tuple[Path, Path | None]:
        """The files that count kills: the container's own, and on v2 the pod's (stays until the pod is removed)."""
        leaf = f"libpod-{container_id}" + (".scope" if self.manager == "systemd" else "")
        if self.version == 2:
            pod = Path("/sys/fs/cgroup") / pod_cgroup.lstrip("/")
            return pod / leaf / "memory.events", pod / "memory.events"
        return Path("/sys/fs/cgroup/memory") / pod_cgroup.lstrip("/") / leaf / "memory.oom_control", None


@dataclass(frozen=True)
class KillCount:
    """The kernel's counts of kills."""

    #: The container's own; gone soon after its end.
    own: Path
    #: The pod's, with cgroup v2: stays until the pod is removed, and counts those of all its containers.
    whole_pod: Path | None = None
    has_company: Callable[[], bool] = lambda: False

    def read(self) -> bool | None:
        """Whether a process was killed; None: it is not known (any more)."""
        killed = read_out_of_memory(self.own)
        if killed is not None or self.whole_pod is None:
            return killed
        killed = read_out_of_memory(self.whole_pod)
        # With containers beside it, a kill in the pod need not be one of this container.
        return None if killed and self.has_company() else killed


def read_out_of_memory(file: Path) -> bool | None:
    """Whether a process was killed for lack of memory; None: the group is gone, so it is not known."""
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENODEV}:
            return None
        raise
    counts = dict(line.split(None, 1) for line in lines)
    return int(counts.get("oom_kill", "0")) > 0


def kernel_log_names(container_id: str) -> bool:
    """Whether the kernel's log tells of an out-of-memory kill in this container: for ends that nobody watched."""
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False  # not permitted in some containers: then it stays unknown
    try:
        return any(b"oom-kill:" in line and container_id.encode() in line for line in _records(log))
    finally:
        os.close(log)


def _records(log: int) -> list[bytes]:
    records: list[bytes] = []
    while True:
        try:
            records.append(os.read(log, _KMSG_BYTES_MAX))
        except BlockingIOError:
            return records
        except BrokenPipeError:
            continue  # overwritten while reading: the next read goes on behind the gap
