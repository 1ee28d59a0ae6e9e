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
        _link_or_copy(source, folder / CLIENT_NAME)
    except OSError as error:
        log.warning("command_client_not_placed", source=str(source), error=str(error))


def _link_or_copy(source: Path, target: Path) -> None:
    if source.stat().st_mode & 0o777 == _MODE:
        try:
            target.hardlink_to(source.resolve())
        except OSError:
            log.debug("command_client_copied", reason="it can not be linked to there")
        else:
            return
    partial = target.with_name(f".{target.name}")
    shutil.copyfile(source, partial)
    partial.chmod(_MODE)
    partial.replace(target)
