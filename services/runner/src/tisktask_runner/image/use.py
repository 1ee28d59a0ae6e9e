"""When an image that this host has made was last used: the time of a file for each key. Long unused, it is removed."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.host import image_name

log = structlog.get_logger()

#: Between the look at an image and the container that keeps it: no setting may be shorter.
AGE_SECONDS_MIN = 3600.0
#: So long the removal of one image may take.
_WAIT_SECONDS = 120.0


class _Fate(Enum):
    """What came of the removal of an image."""

    REMOVED = auto()
    #: Somebody else has removed it.
    ABSENT = auto()
    #: A container uses it.
    USED = auto()
    UNKNOWN = auto()


class Storage(Protocol):
    """Where the images are."""

    async def has_image(self, ref: str) -> bool: ...
    async def remove_image(self, ref: str) -> bool:
        """Remove it if no container uses it; whether it was removed."""
        ...


@dataclass(frozen=True)
class ImageUse:
    """The uses of images on one host. Images of other hosts in the same storage have no file here, so they stay."""

    #: Shared by the host's replicas, and by nobody else.
    folder: Path

    async def begin(self, key: str) -> None:
        """Note that this host is about to make the image: it is this host's to remove."""
        self.folder.mkdir(parents=True, exist_ok=True)
        async with locked(self._lock, _WAIT_SECONDS, is_shared=True):
            (self.folder / key).touch()

    async def note(self, key: str) -> None:
        """Note a use. After it, look whether the image is there: from then on it will not be removed for long."""
        file = self.folder / key
        if not file.exists():
            return
        async with locked(self._lock, _WAIT_SECONDS, is_shared=True):
            with suppress(FileNotFoundError):  # removed a moment ago, with its image
                os.utime(file)

    async def remove_unused(self, storage: Storage, age_seconds: float) -> int:
        """Remove the images that were not used for so long and that no container uses; count them."""
        if not self.folder.is_dir():
            return 0
        oldest_use = time.time() - max(age_seconds, AGE_SECONDS_MIN)
        removed = 0
        for file in [file for file in self.folder.iterdir() if file.stat().st_mtime < oldest_use]:
            # Alone, and one by one: whoever notes a use waits, and then sees that the image is gone.
            async with locked(self._lock, 0) as lock:
                if lock is not None and file.stat().st_mtime < oldest_use:
                    fate = await _part_with(storage, image_name(file.name))
                    _keep(file, fate)
                    removed += fate is _Fate.REMOVED
        return removed

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.lock")


async def _part_with(storage: Storage, image: str) -> _Fate:
    try:
        if await storage.remove_image(image):
            log.info("image_removed", image=image)
            return _Fate.REMOVED
        return _Fate.USED if await storage.has_image(image) else _Fate.ABSENT
    except InfrastructureError as error:
        log.warning("image_not_removed", image=image, error=error.message)
        return _Fate.UNKNOWN


def _keep(file: Path, fate: _Fate) -> None:
    match fate:
        case _Fate.REMOVED | _Fate.ABSENT:
            file.unlink()
        case _Fate.USED:
            os.utime(file)
        case _Fate.UNKNOWN:
            pass  # the next round asks again
