"""Proves a configuration: pods are really created, started and removed with it. Needs no image."""

import json
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

COMMAND_SECONDS_MAX = 60
#: What a job may be given, the best first. `bridge` alone can be isolated from the host.
NETWORKS = ("bridge", "slirp4netns", "none")


@dataclass(frozen=True)
class Proof:
    """What happened with a configuration."""

    #: Networks with which a pod did start.
    networks: tuple[str, ...]
    #: Network -> Podman's words.
    errors: Mapping[str, str]

    @property
    def holds(self) -> bool:
        """Whether pods start; without a network is enough for a Podman that works."""
        return "none" in self.networks


def prove(environment: Mapping[str, str], *, rootless: bool) -> Proof:
    """Try every network that makes sense for this caller; leaves nothing behind."""
    networks: list[str] = []
    errors: dict[str, str] = {}
    for network in NETWORKS:
        # Rootless only: root needs no user-mode network. Cheaper is better: the first way out is enough.
        if network == "slirp4netns" and (not rootless or "bridge" in networks):
            continue
        if error := _try_pod(network, environment):
            errors[network] = error
        else:
            networks.append(network)
    return Proof(tuple(networks), errors)


def _try_pod(network: str, environment: Mapping[str, str]) -> str:
    """Podman's words if it failed, else nothing."""
    name = f"tisktask-probe-{uuid.uuid4().hex[:12]}"
    try:
        return (
            _podman(["pod", "create", "--name", name, "--network", network], environment)
            or _podman(["pod", "start", name], environment)
            or _unless_running(name, environment)
        )
    finally:
        _podman(["pod", "rm", "--force", "--time", "0", name], environment)


def _unless_running(name: str, environment: Mapping[str, str]) -> str:
    found = _run(["pod", "inspect", name], environment)
    if found.returncode != 0:
        return _last_words(found.stderr)
    body = json.loads(found.stdout)
    state = (body[0] if isinstance(body, list) else body)["State"]
    return "" if state == "Running" else f"the pod is {state} after its start"


def _podman(arguments: list[str], environment: Mapping[str, str]) -> str:
    result = _run(arguments, environment)
    return "" if result.returncode == 0 else _last_words(result.stderr) or f"exit code {result.returncode}"


def _run(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["podman", "--log-level=error", *arguments]
    try:
        return subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer within {COMMAND_SECONDS_MAX} s")


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-600:]
