"""When an image that this host has built or pulled was last used: the time of a file for each. Unused ones are removed.

What is not noted here is somebody else's: of another host in the same storage, or of the system's users.
"""

import hashlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
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
_PULLED = "pulled-"


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
class UsedImage:
    """An image of ours, and when it was last used."""

    name: str
    file: Path
    used_at: float


@dataclass(frozen=True)
class ImageUse:
    """The uses of images on one host."""

    #: Shared by the host's replicas, and by nobody else.
    folder: Path

    async def begin(self, key: str) -> None:
        """Note that this host is about to make the image: it is this host's to remove."""
        await self._begin(self.folder / key, "")

    async def begin_pull(self, name: str) -> None:
        """Note that this host is about to pull the image, which is not there."""
        await self._begin(self.folder / _pulled(name), name)

    async def note(self, key: str) -> None:
        """Note a use. After it, look whether the image is there: from then on it will not be removed for long."""
        await self._note(key)

    async def note_pulled(self, name: str) -> None:
        """Note a use of an image by its name, as `note` does; of one that this host has not pulled, nothing."""
        await self._note(_pulled(name))

    def forget_pull(self, name: str) -> None:
        """Note that there was nothing to pull: should it come in another way, it is not ours."""
        (self.folder / _pulled(name)).unlink(missing_ok=True)

    def list_images(self) -> list[UsedImage]:
        """List what is ours, that which was used longest ago first."""
        images: list[UsedImage] = []
        with suppress(FileNotFoundError):
            for file in self.folder.iterdir():
                with suppress(FileNotFoundError):  # removed a moment ago, with its image
                    name = file.read_text() if file.name.startswith(_PULLED) else image_name(file.name)
                    images.append(UsedImage(name, file, file.stat().st_mtime))
        return sorted(images, key=lambda image: image.used_at)

    async def remove_unused(self, storage: Storage, age_seconds: float) -> int:
        """Remove the images that were not used for so long and that no container uses; count them."""
        removed = 0
        oldest_use = time.time() - max(age_seconds, AGE_SECONDS_MIN)
        for image in self.list_images():
            if image.used_at < oldest_use:
                removed += await self.remove(storage, image)
        return removed

    async def remove(self, storage: Storage, image: UsedImage) -> bool:
        """Remove an image unless it was used of late, or a container uses it: that counts as a use."""
        # Alone, and one by one: whoever notes a use waits, and then sees that the image is gone.
        async with locked(self._lock, 0) as lock:
            try:
                if lock is None or image.file.stat().st_mtime > min(image.used_at, time.time() - AGE_SECONDS_MIN):
                    return False
            except FileNotFoundError:
                return False
            fate = await _part_with(storage, image.name)
            _keep(image.file, fate)
            return fate is _Fate.REMOVED

    async def drop_never_pulled(self, storage: Storage) -> None:
        """Forget pulls that a killed process has begun and that have brought nothing."""
        begun_before = time.time() - AGE_SECONDS_MIN
        for image in self.list_images():
            if image.file.name.startswith(_PULLED) and image.used_at < begun_before:
                async with locked(self._lock, 0) as lock:
                    if lock is not None and not await storage.has_image(image.name):
                        image.file.unlink(missing_ok=True)

    async def _begin(self, file: Path, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        async with locked(self._lock, _WAIT_SECONDS, is_shared=True):
            _write_note(file, name)

    async def _note(self, file_name: str) -> None:
        file = self.folder / file_name
        if not file.exists():
            return
        async with locked(self._lock, _WAIT_SECONDS, is_shared=True):
            with suppress(FileNotFoundError):  # removed a moment ago, with its image
                os.utime(file)

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.lock")


@asynccontextmanager
async def pulling(use: ImageUse, storage: Storage, names: list[str]) -> AsyncGenerator[None]:
    """Note what something is about to pull that is not there; afterwards, what of it has come is ours."""
    missing: list[str] = []
    for name in names:
        await use.note_pulled(name)
        if not await storage.has_image(name):
            await use.begin_pull(name)
            missing.append(name)
    try:
        yield
    finally:
        for name in missing:
            if not await storage.has_image(name):
                use.forget_pull(name)


def _pulled(name: str) -> str:
    """Name the file of a pulled image, whose own name may be longer than a file's."""
    return f"{_PULLED}{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def _write_note(file: Path, name: str) -> None:
    file.write_text(name)
    os.utime(file)


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
