"""Removes what a Podman that died in the middle of a start has left at the OCI runtime.

The runtime knows the container, libpod does not know that it does, and every further start is refused. Its program was
not executed: the runtime's part of a start that executes it comes after libpod has written down the part before.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

import structlog
from prometheus_client import Counter

from tisktask_runner.engine.container_state import container_state
from tisktask_runner.engine.libpod import Libpod
from tisktask_runner.engine.oci_runtime import find_runtime

log = structlog.get_logger()

_COMMAND_SECONDS_MAX = 20
#: In the words of runc, and of crun.
_EXISTS = ("container with given ID already exists", "` already exists")

stale_containers_removed = Counter(
    "tisktask_stale_containers_removed_total", "Containers that a dead Podman had left half started"
)


def is_stale(cause: str) -> bool:
    """Read it from libpod's words."""
    return any(words in cause for words in _EXISTS)


async def remove_stale(libpod: Libpod, containers: Iterable[str]) -> None:
    """Have those of the containers that libpod has never seen made be unknown to the runtime."""
    runtime = await find_runtime(libpod)
    if runtime is None:
        return
    for container in containers:
        state = await container_state(libpod, container)
        if state is not None and state.never_started and not state.is_made:
            await asyncio.to_thread(_remove, runtime, container)


def _remove(runtime: str, container: str) -> None:
    # The monitor first: it would write down an end of the program, and clean up beside the next start.
    for process in _monitors(container):
        os.kill(process, signal.SIGKILL)
    command = [runtime, "delete", "--force", container]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS_MAX, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        log.error("stale_container_not_removed", container=container, error=str(error))  # noqa: TRY400
        return
    stale_containers_removed.inc()
    log.warning("stale_container_removed", container=container, said=done.stderr.strip())


def _monitors(container: str) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if words[0].endswith(b"conmon") and container.encode() in words:
            found.append(int(folder.name))
    return found
