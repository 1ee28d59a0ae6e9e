"""What the engine knows of images: whether they are there, how they want to run, what is in them."""

import asyncio
import os
import posixpath
import stat
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import ImageConfig, ImageSize
from tisktask_runner.engine.patience import when_back

_LINKS_MAX = 40
_REMEMBERED_MAX = 4096
_NAME_BYTES_MAX = 4096


@dataclass
class Images:
    """The images of one Podman."""

    libpod: Libpod
    #: An image never changes: (image id, path) -> whether it is there.
    _paths: "OrderedDict[tuple[str, str], bool]" = field(default_factory=OrderedDict[tuple[str, str], bool])

    async def has(self, ref: str) -> bool:
        try:
            await when_back(lambda: self.libpod.get(f"/images/{_quoted(ref)}/exists"))
        except LibpodError as error:
            if error.status == 404:
                return False
            raise
        return True

    async def remove(self, ref: str) -> bool:
        try:
            await self.libpod.delete(f"/images/{_quoted(ref)}")
        except LibpodError as error:
            if error.status in {404, 409}:
                return False
            raise
        return True

    async def sizes(self) -> dict[str, ImageSize]:
        """Tell by its id what each image takes. Podman walks through all of its storage for that."""
        usage = await when_back(lambda: self.libpod.get("/system/df"))
        return {
            image["ImageID"]: ImageSize(image["UniqueSize"], image["SharedSize"]) for image in usage["Images"] or []
        }

    async def config(self, ref: str) -> ImageConfig | None:
        image = await self._inspect(ref)
        if image is None:
            return None
        config = image.get("Config") or {}
        return ImageConfig(
            image_id=image["Id"],
            workdir=config.get("WorkingDir") or "/",
            user=config.get("User") or "",
            environment=dict(entry.partition("=")[::2] for entry in config.get("Env") or []),
            labels=config.get("Labels") or {},
            stop_signal=config.get("StopSignal") or "SIGTERM",
        )

    async def path_exists(self, ref: str, path: str) -> bool:
        """Look into the image's layers where they lie; other storages than overlay are asked through libpod."""
        image = await self._inspect(ref)
        if image is None:
            return False
        key = (image["Id"], path)
        if key not in self._paths:
            layers = overlay_layers(image)
            self._paths[key] = (
                await asyncio.to_thread(exists_in_layers, layers, path)
                if layers
                else await self._exists_by_container(image["Id"], path)
            )
            while len(self._paths) > _REMEMBERED_MAX:
                self._paths.popitem(last=False)
        return self._paths[key]

    async def _inspect(self, ref: str) -> dict[str, Any] | None:
        try:
            return await when_back(lambda: self.libpod.get(f"/images/{_quoted(ref)}/json"))
        except LibpodError as error:
            if error.status == 404:
                return None
            raise

    async def _exists_by_container(self, image_id: str, path: str) -> bool:
        body = {"image": image_id, "entrypoint": ["/"], "netns": {"nsmode": "none"}}
        container = (await self.libpod.post("/containers/create", body))["Id"]
        try:
            await self.libpod.call("HEAD", f"/containers/{container}/archive", {"path": path})
        except LibpodError as error:
            if error.status == 404:
                return False
            raise
        finally:
            await self.libpod.delete(f"/containers/{container}", force=True, v=True)
        return True


def overlay_layers(image: dict[str, Any]) -> list[Path]:
    """The image's layers on this host, uppermost first; empty if they can not be seen from here."""
    driver = image.get("GraphDriver") or {}
    if driver.get("Name") != "overlay":
        return []
    data = driver.get("Data") or {}
    names = [data.get("UpperDir", ""), *data.get("LowerDir", "").split(":")]
    layers = [Path(name) for name in names if name]
    return layers if layers and all(layer.is_dir() for layer in layers) else []


def exists_in_layers(layers: list[Path], path: str) -> bool:
    """Resolve a path as a container would see it, symbolic links included."""
    todo = [part for part in path.split("/") if part]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop(0)
        if part in {".", ".."}:
            done = done[:-1] if part == ".." else done
            continue
        found = _find(layers, [*done, part])
        if found is None or len(part) > _NAME_BYTES_MAX:
            return False
        if found.is_symlink():
            links += 1
            if links > _LINKS_MAX:
                return False
            target = str(found.readlink())
            done = [] if posixpath.isabs(target) else done
            todo = [piece for piece in target.split("/") if piece] + todo
            continue
        if todo and not found.is_dir():
            return False
        done.append(part)
    return True


def _find(layers: list[Path], parts: list[str]) -> Path | None:
    """The uppermost layer's file of that name whose folders are not hidden by a layer above it."""
    for layer in layers:
        current = layer
        hides_below = False
        for part in parts:
            if (current / f".wh.{part}").exists():
                return None
            hides_below = hides_below or _is_opaque(current)
            current = current / part
            try:
                status = current.lstat()
            except (FileNotFoundError, NotADirectoryError):
                if hides_below or _is_replaced(current.parent):
                    return None
                break
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
                return None
        else:
            return current
    return None


def _is_opaque(folder: Path) -> bool:
    """Whether a layer's folder hides all that lower layers have in it."""
    if (folder / ".wh..wh..opq").exists():
        return True
    for name in ("trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque"):
        try:
            if os.getxattr(folder, name, follow_symlinks=False) == b"y":
                return True
        except OSError:
            continue  # it has no such attribute
    return False


def _is_replaced(parent: Path) -> bool:
    """Whether a layer has something else where a lower one has a folder."""
    return os.path.lexists(parent) and (parent.is_symlink() or not parent.is_dir())


def _quoted(ref: str) -> str:
    return quote(ref, safe="")
