"""Removes what builds leave behind that were killed, or whose runner was: processes, files, working containers."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.host import BuildHost, call_podman

log = structlog.get_logger()

#: In a storage that others use as well, a younger working container may be somebody's own build.
FOREIGN_AGE_SECONDS = 24 * 3600
DANGLING_AGE_SECONDS = 24 * 3600
PRUNE_SECONDS_MAX = 300.0


def build_files(folder: Path, key: str) -> Path:
    return folder / "at-work" / key


def remove_build_files(folder: Path, key: str) -> None:
    """Remove the files of a key's build, and its processes first. Only for who holds the key's lock."""
    files = build_files(folder, key)
    if not files.exists():
        return
    for bundle in (files / "tmp").glob("buildah*"):
        _end_container(bundle)
    _unmount_below(files)
    shutil.rmtree(files)


def _end_container(bundle: Path) -> None:
    """Kill the container of a RUN whose Podman is dead: it has a session of its own and would run on."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
        pid = int((bundle / "pid").read_text())
        # The number may have been given to another process: ours has files of the bundle mounted.
        if f"/{bundle.name}/" in _mounts_of(pid):
            log.warning("orphaned_build_ended", pid=pid)
            os.kill(pid, signal.SIGKILL)


def _mounts_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/mountinfo").read_text()
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # It has ended, and only waits for whoever has started it to ask how.
        return ""


def _unmount_below(folder: Path) -> None:
    """Take away mounts, deepest first: to remove files through one would empty an image."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    below = [mount for mount in mounts if mount.startswith(f"{folder.resolve()}/")]
    for mount in sorted(below, reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=True)


async def remove_build_network(host: BuildHost) -> None:
    """Remove the network of builds if none is at work."""
    async with locked(host.folder / "locks" / "any", wait_seconds=0) as lock:
        if lock is not None:
            await _remove_network(host)


async def _remove_network(host: BuildHost) -> None:
    try:
        await host.network.remove()
    except InfrastructureError as error:
        # An image is not worse for it; it is tried again every minute.
        log.warning("build_network_not_removed", error=error.message)


async def remove_working_containers(host: BuildHost) -> int:
    """Remove the working containers of dead builds, and their network, if none of ours is at work; count them."""
    async with locked(host.folder / "locks" / "any", wait_seconds=0) as lock:
        if lock is None:
            return 0
        await _remove_network(host)
        listing = await call_podman(host, "ps", "--all", "--external", "--format", "json")
        if listing.exit_code != 0:
            log.warning("working_containers_not_listed", error=listing.error)
            return 0
        newest = time.time() - (0 if host.is_storage_ours else FOREIGN_AGE_SECONDS)
        dead = [
            container["Id"]
            for container in json.loads(listing.output or "[]")
            if container.get("Command") == ["buildah"] and container.get("Created", newest) <= newest
        ]
        if dead and (removed := await call_podman(host, "rm", "--force", *dead)).exit_code != 0:
            log.warning("working_containers_not_removed", error=removed.error)
        return len(dead)


async def remove_dangling_images(host: BuildHost, age_seconds: float = DANGLING_AGE_SECONDS) -> int:
    """Remove layers that failed builds have left, in a storage of our own; count them. Young ones help a retry."""
    if not host.is_storage_ours:
        return 0
    async with locked(host.folder / "locks" / "any", wait_seconds=0) as lock:
        if lock is None:
            return 0
        until = f"until={time.time() - age_seconds:.0f}"
        pruned = await call_podman(host, "image", "prune", "--force", "--filter", until, seconds_max=PRUNE_SECONDS_MAX)
    if pruned.exit_code != 0:
        log.warning("dangling_images_not_removed", error=pruned.error[-500:])
        return 0
    return len(pruned.output.split())
