"""Files and folders that only their owner may read: keys, tokens, sockets."""

import os
import secrets
from pathlib import Path

from tisktask_cli.errors import CommandError


def private_folder(path: Path) -> Path:
    """Make a folder with mode 0700; refuse one that belongs to somebody else."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.stat(follow_symlinks=False)
    except OSError as error:
        raise CommandError(f"the folder {path} can not be made: {error.strerror}") from error
    if found.st_uid != os.geteuid():
        raise CommandError(f"the folder {path} belongs to another user (uid {found.st_uid}): remove it")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 that is complete or not there, also after a power cut."""
    private_folder(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_or_create_secret(path: Path) -> str:
    """Read a secret of 64 hexadecimal digits; make one if there is none."""
    if not path.exists():
        write_private(path, secrets.token_hex(32) + "\n")
    return path.read_text().strip()
