"""Mends a pod whose network namespace has lost its name, as a Podman that is killed in the middle of things leaves it.

libpod answers every question about containers with an error then, until that one pod is gone; and it can not even
remove that one (seen with 4.3).
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import Counter

log = structlog.get_logger()

_COMMAND_SECONDS_MAX = 20
_MISSING = re.compile(
    r"network namespace of container (?P<container>[0-9a-f]{64}): "
    r"retrieving network namespace at (?P<path>/run/netns/[A-Za-z0-9_-]{1,100}): failed to Statfs"
)

namespaces_restored = Counter(
    "tisktask_namespaces_restored_total", "Network namespaces of pods that had lost their name"
)


@dataclass(frozen=True)
class MissingNamespace:
    """A container whose network namespace is not where libpod looks for it."""

    container: str
    path: Path


def missing_namespace(cause: str) -> MissingNamespace | None:
    """Read it from libpod's words; None: that is not what is wrong."""
    found = _MISSING.search(cause)
    return MissingNamespace(found["container"], Path(found["path"])) if found else None


def restore(missing: MissingNamespace, process: int) -> bool:
    """Give the namespace of the container's process its name again; with no process, a new one stands in for it."""
    is_alive = _is_of_container(process, missing.container)
    try:
        if is_alive:
            missing.path.touch(mode=0o400)
            _run("mount", "--bind", f"/proc/{process}/ns/net", str(missing.path))
        else:
            _run("ip", "netns", "add", missing.path.name)
    except (OSError, subprocess.SubprocessError) as error:
        log.error("namespace_not_restored", container=missing.container, path=str(missing.path), error=str(error))  # noqa: TRY400
        return False
    namespaces_restored.inc()
    log.warning("namespace_restored", container=missing.container, path=str(missing.path), is_alive=is_alive)
    return True


def _is_of_container(process: int, container: str) -> bool:
    """Whether the process lives and is the container's: its number may have gone to somebody else, even to us."""
    if process <= 0:
        return False
    try:
        groups = Path(f"/proc/{process}/cgroup").read_text()
        shares_ours = Path(f"/proc/{process}/ns/net").stat().st_ino == Path(f"/proc/{os.getpid()}/ns/net").stat().st_ino
    except OSError:
        return False
    return container in groups and not shares_ours


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
