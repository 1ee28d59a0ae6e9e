"""Files that are whole or not there at all, also after a power cut."""

import os
from pathlib import Path

PARTIAL_SUFFIX = ".partial"


def write_durably(path: Path, data: bytes) -> None:
    """Write beside, force to disk, put in place, force the folder to disk. Readable by the owner alone."""
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
