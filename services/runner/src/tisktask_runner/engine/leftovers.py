"""Leftovers outside libpod's knowledge: bridges with their namespaces, control groups, folders of builds. Blocks."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()

#: Longer than any build may take.
BUILD_FOLDER_SECONDS = 24 * 3600.0
COMMAND_SECONDS_MAX = 20
_CGROUPS = Path("/sys/fs/cgroup")
_POD_ID = re.compile(r"^[0-9a-f]{64}$")


def list_bridges(prefix: str) -> set[str]:
    """List bridges of ours."""
    return {path.name for path in Path("/sys/class/net").glob(f"{prefix}*")}


def remove_bridges(orphans: set[str]) -> int:
    """Remove bridges that belong to no network, with the veths on them and the namespaces behind those."""
    return sum(_remove_bridge(bridge) for bridge in orphans)


def _remove_bridge(bridge: str) -> int:
    try:
        ports: list[dict[str, Any]] = json.loads(_ip("-json", "link", "show", "master", bridge) or "[]")
        namespaces = _namespaces_by_id() if ports else {}
        for port in ports:
            _ip("link", "delete", port["ifname"])
            if namespace := port.get("link_netns") or namespaces.get(port.get("link_netnsid")):
                _ip("netns", "delete", namespace)
        _ip("link", "delete", bridge)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("bridge_not_removed", bridge=bridge, error=str(error))
        return 0
    return 1


def _namespaces_by_id() -> dict[int | None, str]:
    listed: list[dict[str, Any]] = json.loads(_ip("-json", "netns", "list-id") or "[]")
    return {entry["nsid"]: entry["name"] for entry in listed if "name" in entry}


def remove_cgroups(parent: str, known_pods: set[str], age_seconds: float) -> int:
    """Remove the empty control groups of pods that are no more; the kernel refuses those in use."""
    roots = [_CGROUPS, *(path for path in _CGROUPS.iterdir() if path.is_dir() and not path.is_symlink())]
    # Of one pod there are several with cgroup v1, one for each controller.
    groups: dict[str, list[Path]] = {}
    for root in roots:
        for path in (root / parent.lstrip("/")).glob("*"):
            if _POD_ID.match(path.name) and path.name not in known_pods:
                groups.setdefault(path.name, []).append(path)
    before = time.time() - age_seconds
    old = [paths for paths in groups.values() if all(_is_older(path, before) for path in paths)]
    for path in (path for paths in old for path in paths):
        _remove_tree(path)
    return len(old)


def _is_older(group: Path, before: float) -> bool:
    """Whether it is: the kernel may tell a later time than that of the creation, never an earlier one."""
    try:
        return group.stat().st_mtime < before
    except FileNotFoundError:
        return True


def _remove_tree(group: Path) -> None:
    for child in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        _remove_group(child)
    _remove_group(group)


def _remove_group(group: Path) -> None:
    try:
        group.rmdir()
    except OSError as error:
        log.debug("cgroup_not_removed", group=str(group), error=str(error))


def remove_build_folders(folder: Path) -> int:
    """Remove what killed builds have left in their folder for temporary files."""
    if not folder.is_dir():
        return 0
    before = time.time() - BUILD_FOLDER_SECONDS
    old = [path for path in folder.iterdir() if path.lstat().st_mtime < before]
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _ip(*arguments: str) -> str:
    result = subprocess.run(
        ["ip", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
    )
    if result.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout
