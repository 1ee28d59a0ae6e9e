"""What a running stack tells the other commands about itself, and how they find it."""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.private_files import write_private


@dataclass(frozen=True)
class Description:
    """Addresses of a stack; secrets stay in their files."""

    pid: int
    url: str
    ingest_url: str
    nats_url: str
    database_url: str
    runner: str


def publish(layout: Layout, description: Description) -> None:
    """Write the description, and list the data directory among this user's."""
    write_private(layout.description, json.dumps(asdict(description), indent=1) + "\n")
    for entry, root in _entries():  # what killed stacks have left
        if not root.is_dir():
            entry.unlink(missing_ok=True)
    write_private(_known_stacks() / _entry_name(layout), f"{layout.root}\n")


def withdraw(layout: Layout) -> None:
    """Take the data directory from the list: its stack has stopped."""
    (_known_stacks() / _entry_name(layout)).unlink(missing_ok=True)


def read(layout: Layout) -> Description | None:
    try:
        fields = json.loads(layout.description.read_text())
        return Description(**fields)
    except (FileNotFoundError, TypeError, ValueError):
        return None  # never started, or by another version: as good as none


def known_data_directories() -> list[Path]:
    """List the data directories on which this user has run a stack, those that still exist."""
    return [root for _, root in _entries() if root.is_dir()]


def _entries() -> list[tuple[Path, Path]]:
    """List the files of the register and the data directories that they name."""
    found: list[tuple[Path, Path]] = []
    folder = _known_stacks()
    for entry in sorted(folder.glob("[!.]*")) if folder.is_dir() else []:
        with contextlib.suppress(FileNotFoundError):  # another stack has just stopped
            found.append((entry, Path(entry.read_text().strip())))
    return found


def _entry_name(layout: Layout) -> str:
    return hashlib.sha256(os.fsencode(layout.root)).hexdigest()[:16]


def _known_stacks() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "tisktask" / "stacks"
