"""The state directory: private, and held by one process at a time, because the spool has one order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tisktask_common.errors import UserError
from tisktask_common.process.folder_lock import HeldFolder, hold_folder
from tisktask_ingest import words


@dataclass(frozen=True)
class StateDir:
    """Where the key, the snapshot and the spool lie."""

    folder: HeldFolder

    @classmethod
    async def take(cls, path: Path) -> Self:
        """Make it and hold it, waiting for another process to end."""
        try:
            return cls(await hold_folder(path))
        except OSError as error:
            raise UserError(words.state_dir_not_usable(path, error.strerror)) from error

    def release(self) -> None:
        self.folder.release()

    @property
    def key(self) -> Path:
        return self.folder.path / "key"

    @property
    def snapshot(self) -> Path:
        return self.folder.path / "repositories.json"

    @property
    def spool(self) -> Path:
        return self.folder.path / "spool"
