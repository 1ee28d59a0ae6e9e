"""Where a job's control group is, and whether the kernel's out-of-memory killer was in it."""

import errno
import os
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

    def out_of_memory_file(self, pod_cgroup: str, container_id: str) -> Path:
        """The file that counts kills: the pod's on v2 (stays until the pod is removed), the container's on v1."""
        if self.version == 2:
            return Path("/sys/fs/cgroup") / pod_cgroup.lstrip("/") / "memory.events"
        leaf = f"libpod-{container_id}" + (".scope" if self.manager == "systemd" else "")
        return Path("/sys/fs/cgroup/memory") / pod_cgroup.lstrip("/") / leaf / "memory.oom_control"


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
