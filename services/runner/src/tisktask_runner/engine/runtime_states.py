"""Removes what the OCI runtime remembers of containers that are gone: a Podman that dies leaves it. Blocks."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()

_COMMAND_SECONDS_MAX = 20


def remove_states(runtime: str, folders: Iterable[Path]) -> int:
    """Remove those that have ended, and whose files were in one of the folders and are no more."""
    places = tuple(folders)
    try:
        listed: list[dict[str, Any]] = json.loads(_run(runtime, "list", "--format", "json") or "null") or []
        gone = [
            str(one["id"]) for one in listed if one["status"] == "stopped" and _is_gone(Path(one["bundle"]), places)
        ]
        for container in gone:
            _run(runtime, "delete", "--force", container)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("runtime_states_not_removed", runtime=runtime, error=str(error))
        return 0
    return len(gone)


def _is_gone(bundle: Path, folders: tuple[Path, ...]) -> bool:
    return any(bundle.is_relative_to(folder) for folder in folders) and not bundle.exists()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
