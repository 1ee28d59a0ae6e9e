"""Every sentence about the host that an operator reads."""

from pathlib import Path

from tisktask_runner.host.facts import Facts

PODMAN_MISSING = "podman is not installed. Install it with its parts (`make setup`), then start again."

#: Programs that must be there, and what for.
PROGRAM_USES = {
    "podman": "it runs the jobs",
    "conmon": "it keeps a job's container and its log while nobody else does",
    "netavark": "without it no pod starts, not even one without a network",
    "iptables": "pods get their way out by it, and jobs are parted from this host by it",
    "catatonit": "every pod's first process is made of it",
    "buildah": "images are built by it",
    "git": "repositories in git's SHA-256 format are read by it",
}
INSTALL = "make setup, or install the package of that name"
INSTALL_RUNC = "install the package runc"

RUNTIME = "container runtime"
RUNTIME_MISSING = "Neither crun nor runc is installed."
RUNTIME_NEEDS_V2 = "crun is installed, but this host has control groups version 1, which crun refuses in this form."

CALLER = "rights"
IS_ROOT = "root: everything is possible"
RUN_AS_ROOT = "run the runner as root, on a machine of its own if you can"
USER_IDS = "user ids for rootless containers"
NO_USER_IDS = "The program newuidmap or entries in /etc/subuid and /etc/subgid are missing: images can not be unpacked."
USER_NETWORK = "network for rootless containers"
NO_USER_NETWORK = "slirp4netns or pasta is missing, or /dev/net/tun can not be used: jobs have no network."
ADD_USER_NETWORK = "install the package slirp4netns and allow /dev/net/tun"

PODS = "pods start"
SEE_TRIED = "mend what Podman says above; `podman info` may tell more"
NETWORKS = "networks for jobs"
NO_NETWORK_WORKS = "Pods start only without a network: jobs can fetch nothing."
FIX_NETWORK = "install iptables, and let the kernel make bridges (module bridge) and NAT (module nf_nat)"

STORAGE = "image storage"
STORAGE_COPIES = "vfs: every container copies its whole image. Jobs start slowly and the disk fills up."
USE_OVERLAY = 'put the storage on ext4 or xfs, or install the package fuse-overlayfs; then set driver = "overlay"'

LIMITS = "limits of jobs"
NO_CGROUPS = "No control groups are mounted: memory, processors and processes of jobs can not be limited."
MOUNT_CGROUPS = "mount /sys/fs/cgroup"
ROOTLESS_V1_LIMITS = "With control groups version 1 only root can set limits: jobs of this user have none."
DELEGATE = "let systemd delegate them to the user: Delegate=cpu memory pids in user@.service"

ISOLATION = "jobs are parted from this host"
ISOLATED = "firewall rules of their own (chains TISKTASK-INPUT, TISKTASK-FORWARD)"
NO_ISOLATION = "No firewall rules can be set: jobs can reach services of this host, and metadata services of a cloud."
NO_ISOLATION_6 = "ip6tables is missing: jobs can reach services that this host offers on IPv6."

NAMES = "name service for jobs"
NO_NAMESERVER = "/etc/resolv.conf names no name server: jobs get those of Podman (8.8.8.8)."
SET_NAMESERVER = "name a server in /etc/resolv.conf that other machines can ask"


def not_installed(use: str) -> str:
    return f"Not installed: {use}."


def rootless_costs(user: str) -> str:
    return (
        f"{user}, not root: Podman works rootless. It costs: jobs are not parted from this host's services; "
        "limits only with control groups version 2 and delegation; a slower network."
    )


def add_user_ids(user: str) -> str:
    return (
        f"install the package uidmap; as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
    )


def not_delegated(controllers: list[str]) -> str:
    return f"Not delegated to this user: {', '.join(controllers)}. These limits of jobs have no effect."


def loopback_nameservers(servers: list[str]) -> str:
    return (
        f"/etc/resolv.conf names only this host's own ({', '.join(servers)}), which jobs can not ask: "
        "they get those of Podman (8.8.8.8)."
    )


def storage_problem(podman_says: str) -> str:
    return f"the storage can not be opened: {podman_says}"


def storage_silent(seconds: int) -> str:
    return f"the storage could not be opened within {seconds} s: does another process hold its lock?"


def nothing_works(tried: list[str], facts: Facts) -> str:
    if not tried:
        return "there is neither crun nor runc: install one of them (`make setup`), then start again."
    missing = [name for name in ("conmon", "netavark", "iptables", "catatonit") if not facts.has(name)]
    hint = f" Not installed: {', '.join(missing)} (`make setup` installs them)." if missing else ""
    attempts = "".join(f"\n  - {line}" for line in tried)
    return f"Podman starts no pod on this host.{hint} What was tried:{attempts}"


def foreign_runtime_dir(path: Path) -> str:
    return f"{path} belongs to somebody else: set XDG_RUNTIME_DIR to a folder of yours (mode 0700)."
