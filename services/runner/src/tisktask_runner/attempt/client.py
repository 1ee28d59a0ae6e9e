"""Gives a job tisktask-cmd, for images without a Redis client."""

import shutil
from pathlib import Path

import structlog

log = structlog.get_logger()

CLIENT_NAME = "tisktask-cmd"
_MODE = 0o755


def place_client(source: Path | None, ipc: Path) -> None:
    """Put it where the job has it on its PATH. A job goes on without it."""
    if source is None:
        return
    folder = ipc / "bin"
    try:
        folder.mkdir()
        # Whatever the process's umask is: the job's user may be anybody.
        folder.chmod(_MODE)
        _copy(source, folder / CLIENT_NAME)
    except OSError as error:
        log.warning("command_client_not_placed", source=str(source), error=str(error))


def _copy(source: Path, target: Path) -> None:
    """Copy, not link: a job that got around its read-only mount could change the file of all others."""
    shutil.copyfile(source, target)
    target.chmod(_MODE)
