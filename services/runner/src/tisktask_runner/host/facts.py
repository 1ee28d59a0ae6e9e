"""Facts about this host that decide how Podman must be configured. Read once; nothing is changed or started."""

import hashlib
import json
import os
import resource
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Cgroups = Literal["v2", "hybrid", "v1", "none"]

#: Programs that Podman itself starts, some of which are not on PATH.
HELPERS = (
    "podman",
    "buildah",
    "git",
    "crun",
    "runc",
    "conmon",
    "netavark",
    "aardvark-dns",
    "iptables",
    "ip6tables",
    "catatonit",
    "slirp4netns",
    "pasta",
    "newuidmap",
    "fuse-overlayfs",
)
_HELPER_FOLDERS = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/libexec/podman", "/usr/sbin", "/sbin")
_SYSTEMD_RESOLVED = "127.0.0.53"
_CAP_NET_ADMIN = 12
_CAP_SYS_RESOURCE = 24


@dataclass(frozen=True)
class Helper:
    """A program and which version of it this is: an upgrade changes size or time."""

    path: str
    identity: str


@dataclass(frozen=True)
class Facts:
    """What a host offers."""

    is_root: bool
    user: str
    cgroups: Cgroups
    #: CapEff of this process.
    capabilities: int
    #: Hard limits; None: unlimited.
    nofile_max: int | None
    nproc_max: int | None
    pid_max: int
    has_systemd: bool
    has_journal: bool
    has_tun: bool
    has_subordinate_ids: bool
    #: Only those that were found.
    helpers: dict[str, Helper]
    #: Those that containers get.
    nameservers: tuple[str, ...]
    #: Of the interface that the default route uses.
    mtu: int | None

    @property
    def may_raise_limits(self) -> bool:
        return bool(self.capabilities >> _CAP_SYS_RESOURCE & 1)

    @property
    def may_change_network(self) -> bool:
        return bool(self.capabilities >> _CAP_NET_ADMIN & 1)

    def has(self, helper: str) -> bool:
        return helper in self.helpers

    @property
    def fingerprint(self) -> str:
        """Changes when something changes that a proven configuration may depend on."""
        relevant = {key: value for key, value in asdict(self).items() if key not in {"nameservers", "mtu"}}
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def read_facts() -> Facts:
    return Facts(
        is_root=os.geteuid() == 0,
        user=_user_name(),
        cgroups=_cgroups(Path("/sys/fs/cgroup")),
        capabilities=_effective_capabilities(Path("/proc/self/status").read_text()),
        nofile_max=_hard_limit(resource.RLIMIT_NOFILE),
        nproc_max=_hard_limit(resource.RLIMIT_NPROC),
        pid_max=int(Path("/proc/sys/kernel/pid_max").read_text()),
        has_systemd=Path("/run/systemd/system").is_dir(),
        has_journal=Path("/run/systemd/journal/socket").exists(),
        has_tun=os.access("/dev/net/tun", os.R_OK | os.W_OK),
        has_subordinate_ids=_has_subordinate_ids(),
        helpers={name: helper for name in HELPERS if (helper := _find_helper(name))},
        nameservers=_nameservers(),
        mtu=_default_route_mtu(_read_or_empty(Path("/proc/net/route"))),
    )


def _user_name() -> str:
    return next(
        (
            line.split(":")[0]
            for line in _read_or_empty(Path("/etc/passwd")).splitlines()
            if line.split(":")[2:3] == [str(os.geteuid())]
        ),
        str(os.geteuid()),
    )


def _cgroups(folder: Path) -> Cgroups:
    if (folder / "cgroup.controllers").exists():
        return "v2"
    if not (folder / "memory").is_dir():
        return "none"
    return "hybrid" if (folder / "unified").is_dir() else "v1"


def _effective_capabilities(status: str) -> int:
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(line.split()[1], 16)


def _hard_limit(kind: int) -> int | None:
    hard = resource.getrlimit(kind)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def _has_subordinate_ids() -> bool:
    mine = (f"{_user_name()}:", f"{os.geteuid()}:")
    return all(
        any(line.startswith(mine) for line in _read_or_empty(Path(path)).splitlines())
        for path in ("/etc/subuid", "/etc/subgid")
    )


def _find_helper(name: str) -> Helper | None:
    candidates = [shutil.which(name), *(f"{folder}/{name}" for folder in _HELPER_FOLDERS)]
    path = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
    if path is None:
        return None
    status = Path(path).stat()
    return Helper(path, f"{status.st_size}.{status.st_mtime_ns}")


def _nameservers() -> tuple[str, ...]:
    """The servers that containers get: where /etc/resolv.conf names only systemd-resolved, those that it asks."""
    servers = nameservers_in(_read_or_empty(Path("/etc/resolv.conf")))
    asked = nameservers_in(_read_or_empty(Path("/run/systemd/resolve/resolv.conf")))
    return asked if asked and servers == (_SYSTEMD_RESOLVED,) else servers


def nameservers_in(resolv_conf: str) -> tuple[str, ...]:
    words = (line.split() for line in resolv_conf.splitlines())
    return tuple(line[1] for line in words if len(line) > 1 and line[0] == "nameserver")


def _default_route_mtu(routes: str) -> int | None:
    rows = (line.split() for line in routes.splitlines()[1:])
    interface = next((row[0] for row in rows if len(row) > 7 and row[1] == row[7] == "00000000"), None)
    mtu = _read_or_empty(Path(f"/sys/class/net/{interface}/mtu")) if interface else ""
    return int(mtu) if mtu.strip() else None


def _read_or_empty(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
