"""Which Podman configurations may work on a host, the most promising first. Pure: facts in, text out."""

import json
from dataclasses import dataclass
from itertools import product

from tisktask_runner.host.facts import Facts
from tisktask_runner.host.storage import Storage

#: Podman's own default for both limits where it may raise them.
_LIMIT_MAX = 1048576


@dataclass(frozen=True)
class Candidate:
    """One way to configure Podman."""

    runtime: str
    cgroup_manager: str
    events_logger: str
    #: `nofile` and `nproc`, soft and hard alike; None: Podman's own defaults.
    limits: tuple[int, int] | None
    #: Only where Tisktask names the storage.
    storage_driver: str

    def __str__(self) -> str:
        limits = f"nofile={self.limits[0]} nproc={self.limits[1]}" if self.limits else "default limits"
        return f"{self.runtime}, {self.cgroup_manager}, {limits}, storage {self.storage_driver}"


def candidates(facts: Facts, storage: Storage) -> list[Candidate]:
    """List what to try. Empty: there is no runtime at all."""
    # crun refuses hybrid cgroups; on v2 it is the faster one.
    preferred = ("crun", "runc") if facts.cgroups == "v2" else ("runc", "crun")
    runtimes = [name for name in preferred if facts.has(name)]
    cgroup_managers = ["systemd", "cgroupfs"] if facts.has_systemd else ["cgroupfs"]
    events_logger = "journald" if facts.has_journal and facts.is_root else "file"
    low = _limits(facts)
    # Without CAP_SYS_RESOURCE the defaults can only fail ("error setting rlimit type 7").
    limits = [None, low] if facts.may_raise_limits else [low]
    return [
        Candidate(runtime, cgroup_manager, events_logger, limit, driver)
        for driver, limit, runtime, cgroup_manager in product(
            _storage_drivers(facts, storage), limits, runtimes, cgroup_managers
        )
    ]


def containers_conf(candidate: Candidate, storage: Storage) -> str:
    """Write the `containers.conf`. It replaces all others: CONTAINERS_CONF names it."""
    lines = ["# Found by trying; made again when the host changes. See `tisktask doctor`.", "[containers]"]
    lines.append('log_driver = "k8s-file"')
    if candidate.limits:
        nofile, nproc = candidate.limits
        limits = [f"nofile={nofile}:{nofile}", f"nproc={nproc}:{nproc}"]
        lines.append(f"default_ulimits = {json.dumps(limits)}")
    lines += [
        "[engine]",
        f"runtime = {json.dumps(candidate.runtime)}",
        f"cgroup_manager = {json.dumps(candidate.cgroup_manager)}",
        f"events_logger = {json.dumps(candidate.events_logger)}",
    ]
    if storage.root is not None:
        # With a run directory of its own Podman frees *all* locks at its first start, which would break every other
        # Podman of the machine if they were the shared ones in /dev/shm.
        lines += [f"tmp_dir = {json.dumps(str(storage.tmp_dir))}", 'lock_type = "file"']
    lines += ["[network]", 'network_backend = "netavark"']
    return "\n".join(lines) + "\n"


def storage_conf(candidate: Candidate, storage: Storage) -> str:
    """Write the `storage.conf` of a storage that Tisktask names."""
    driver, _, program = candidate.storage_driver.partition("+")
    lines = [
        "[storage]",
        f"driver = {json.dumps(driver)}",
        f"graphroot = {json.dumps(str(storage.root))}",
        f"runroot = {json.dumps(str(storage.runroot))}",
    ]
    if program:
        lines += ["[storage.options.overlay]", f"mount_program = {json.dumps(program)}"]
    return "\n".join(lines) + "\n"


def _limits(facts: Facts) -> tuple[int, int]:
    nofile = min(_LIMIT_MAX, facts.nofile_max or _LIMIT_MAX)
    nproc = min(_LIMIT_MAX, facts.nproc_max or _LIMIT_MAX, facts.pid_max)
    return nofile, nproc


def _storage_drivers(facts: Facts, storage: Storage) -> list[str]:
    if storage.root is None:
        return ["as the system has it"]
    fuse = [f"overlay+{facts.helpers['fuse-overlayfs'].path}"] if facts.has("fuse-overlayfs") else []
    return ["overlay", *fuse, "vfs"]
