"""Tries this host for `tisktask doctor`: versions, Podman's own word, whether firewall rules can be read."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tisktask_runner.host.configure import Configured, configure
from tisktask_runner.host.errors import HostError
from tisktask_runner.host.facts import Facts
from tisktask_runner.host.storage import Storage

COMMAND_SECONDS_MAX = 30
#: Helper -> arguments that make it say its version.
_VERSION_ARGUMENTS = {
    "podman": ["--version"],
    "buildah": ["--version"],
    "git": ["--version"],
    "crun": ["--version"],
    "runc": ["--version"],
    "conmon": ["--version"],
    "netavark": ["--version"],
    "iptables": ["--version"],
    "catatonit": ["--version"],
}


@dataclass(frozen=True)
class Probe:
    """What happened when the host was tried."""

    #: Helper -> the first line that it says about its version; only those that are installed.
    versions: dict[str, str] = field(default_factory=dict[str, str])
    #: None: no configuration was found to work.
    configured: Configured | None = None
    configure_error: str = ""
    #: Podman's storage driver, and whether it copies files instead of layering them.
    storage_driver: str = ""
    #: Controllers that a rootless Podman may use.
    delegated_controllers: tuple[str, ...] = ()
    #: What iptables said when asked for its rules; empty: it answered.
    firewall_error: str = ""


def probe(storage: Storage, facts: Facts) -> Probe:
    """Try it. Finds (and remembers) a configuration if none is known: pods are started and removed."""
    versions = {name: _version(facts, name) for name in _VERSION_ARGUMENTS if facts.has(name)}
    firewall_error = _firewall_error(facts)
    try:
        configured = configure(storage)
    except HostError as error:
        return Probe(versions, configure_error=error.message, firewall_error=firewall_error)
    info = _podman_info(storage)
    return Probe(
        versions=versions,
        configured=configured,
        storage_driver=info.get("store", {}).get("graphDriverName", ""),
        delegated_controllers=tuple(info.get("host", {}).get("cgroupControllers") or ()),
        firewall_error=firewall_error,
    )


def _version(facts: Facts, name: str) -> str:
    stdout, error = _run([facts.helpers[name].path, *_VERSION_ARGUMENTS[name]], dict(os.environ))
    return stdout.strip().splitlines()[0] if stdout.strip() else error


def _firewall_error(facts: Facts) -> str:
    if not (facts.has("iptables") and facts.is_root):
        return ""
    return _run([facts.helpers["iptables"].path, "--wait", "5", "-S", "FORWARD"], dict(os.environ))[1]


def _podman_info(storage: Storage) -> dict[str, Any]:
    stdout, _ = _run(["podman", "--log-level=error", "info", "--format", "json"], storage.environment(os.environ))
    return json.loads(stdout) if stdout else {}


def _run(command: list[str], environment: dict[str, str]) -> tuple[str, str]:
    """Output and, if it failed, why."""
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return (result.stdout, "") if result.returncode == 0 else ("", result.stderr.strip()[-300:] or "it failed")
