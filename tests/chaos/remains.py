"""What is left on the machine itself when all jobs have ended: processes, mounts, rules of address translation."""

import subprocess
from pathlib import Path

import psutil

from tisktask_runner.engine.translation import chain_of
from tisktask_runner.host.storage import Storage

#: A mount of a container ends so; that of the whole storage stays as long as Podman's service.
_CONTAINER_MOUNTS = ("/merged", "/userdata/shm")


def remains(storage: Storage, networks: set[str]) -> list[str]:
    """List them, each with what it is."""
    folder = str(storage.root)
    processes = [f"{one.pid} {one.name()}" for one in psutil.process_iter() if _watches(one, folder)]
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if folder in line.split()[1]]
    rules = _translation()
    left = {
        "monitors of containers": processes,
        "mounts": [mount for mount in mounts if mount.endswith(_CONTAINER_MOUNTS)],
        "address translation of": sorted(name for name in networks if f"-N {chain_of(name)}" in rules),
    }
    return [f"{what}: {things}" for what, things in left.items() if things]


def _watches(process: psutil.Process, folder: str) -> bool:
    try:
        return process.name() == "conmon" and any(folder in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _translation() -> list[str]:
    command = ["iptables", "--wait", "5", "-t", "nat", "-S"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
