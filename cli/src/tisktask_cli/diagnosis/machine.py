"""Can this machine run jobs: programs, Podman's proven configuration, cgroups, disk."""

import platform
import shutil
import subprocess
from pathlib import Path

from tisktask_cli.diagnosis.finding import Finding, ok, problem, warning
from tisktask_runner.host.configure import read_configured
from tisktask_runner.host.facts import Facts, read_facts
from tisktask_runner.host.storage import Storage

_INSTALL = "run `make setup` as root, or install it: apt-get install {}"
_REQUIRED = ("podman", "conmon", "netavark", "iptables", "catatonit", "git")
_OPTIONAL = {"buildah": "images can not be made from scratch", "aardvark-dns": "pods can not find each other by name"}
_GIB = 1024**3
_DISK_PROBLEM_BYTES = 1 * _GIB
_DISK_WARNING_BYTES = 5 * _GIB


def check_machine(runner_state: Path) -> list[Finding]:
    """Look at what runners need; `runner_state` is where they keep Podman's configuration."""
    facts = read_facts()
    return [
        *_programs(facts),
        _runtime(facts),
        _cgroups(facts),
        *_podman(facts, runner_state),
        ok("python", f"{platform.python_version()} on {platform.platform()}"),
    ]


def check_disk(folder: Path) -> Finding:
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    message = f"{free / _GIB:.1f} GiB are free at {place}"
    if free < _DISK_PROBLEM_BYTES:
        return problem("disk", message, "make room: below 1 GiB logs and messages are soon refused")
    if free < _DISK_WARNING_BYTES:
        return warning("disk", message, "make room: images and logs need some GiB")
    return ok("disk", message)


def _programs(facts: Facts) -> list[Finding]:
    findings: list[Finding] = []
    for name in _REQUIRED:
        if facts.has(name):
            findings.append(ok(name, _version(facts.helpers[name].path, name)))
        else:
            findings.append(problem(name, "is not installed", _INSTALL.format(name)))
    for name, consequence in _OPTIONAL.items():
        if not facts.has(name):
            findings.append(warning(name, f"is not installed: {consequence}", _INSTALL.format(name)))
    return findings


def _runtime(facts: Facts) -> Finding:
    found = [name for name in ("crun", "runc") if facts.has(name)]
    if not found:
        return problem("runtime", "there is neither crun nor runc", _INSTALL.format("crun runc"))
    return ok("runtime", ", ".join(found))


def _cgroups(facts: Facts) -> Finding:
    if facts.cgroups == "none":
        return warning(
            "cgroups",
            "there are no control groups: limits of memory, processors and processes do not hold",
            "mount cgroup v2 at /sys/fs/cgroup",
        )
    if not facts.is_root and facts.cgroups != "v2":
        return warning(
            "cgroups",
            f"{facts.cgroups}, and not root: limits of memory and processes do not hold",
            "boot with systemd.unified_cgroup_hierarchy=1, or run as root",
        )
    return ok("cgroups", facts.cgroups)


def _podman(facts: Facts, state: Path) -> list[Finding]:
    """Tell what was proven to work here; nothing is started for it."""
    configured = read_configured(Storage(state.resolve()), facts)
    if configured is None:
        return [
            warning(
                "pods",
                "it is not yet known whether Podman works on this machine as it is now",
                "start `tisktask up`: it tries, and its lines of `engine` say what does not work",
            )
        ]
    if "bridge" not in configured.networks:
        return [
            warning(
                "pods",
                f"Podman works ({configured.description}), but pods get no network of their own",
                "load the kernel modules bridge and veth, and install netavark and iptables",
            )
        ]
    return [ok("pods", f"Podman works: {configured.description}")]


def _version(path: str, name: str) -> str:
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return f"{path}"
    words = (result.stdout or result.stderr).strip().splitlines()
    return words[0] if words and name in words[0] else path
