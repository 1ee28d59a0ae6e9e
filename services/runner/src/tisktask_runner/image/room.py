"""Bounds what the images that this host has built or pulled take on its disk."""

from typing import Protocol

import structlog
from prometheus_client import Gauge

from tisktask_runner.engine.model import ImageConfig, ImageSize
from tisktask_runner.image.use import ImageUse, Storage, UsedImage

log = structlog.get_logger()

#: In one round: each is measured anew.
_REMOVED_MAX = 100

images_bytes = Gauge("tisktask_images_bytes", "Bytes that images which this host has built or pulled take")


class MeasuredStorage(Storage, Protocol):
    """Where the images are, and how large."""

    async def image_sizes(self) -> dict[str, ImageSize]: ...
    async def image_config(self, ref: str) -> ImageConfig | None: ...


async def make_room(use: ImageUse, storage: MeasuredStorage, bytes_max: int) -> int:
    """Remove the images that were used longest ago until all of ours take no more than so much; count them.

    Those that were used in the last hour, or that containers use, stay. Zero: only measure.
    """
    removed = 0
    tried: set[str] = set()
    while True:
        images = use.list_images()
        taken = await _measure(storage, images)
        images_bytes.set(taken)
        candidate = next((image for image in images if image.name not in tried), None)
        if not bytes_max or taken <= bytes_max or candidate is None or len(tried) >= _REMOVED_MAX:
            break
        tried.add(candidate.name)
        removed += await use.remove(storage, candidate)
    if removed:
        log.info("images_removed_for_room", images=removed, bytes=taken, bytes_max=bytes_max)
    if bytes_max and taken > bytes_max:
        log.warning("images_exceed_their_limit", bytes=taken, bytes_max=bytes_max, why="the others are in use")
    return removed


async def _measure(storage: MeasuredStorage, images: list[UsedImage]) -> int:
    configs = [await storage.image_config(image.name) for image in images]
    sizes = await storage.image_sizes()
    ours = [sizes[known] for known in {config.image_id for config in configs if config} if known in sizes]
    # Images on the same base share as many bytes: these are counted once.
    return sum(size.unique_bytes for size in ours) + sum({size.shared_bytes for size in ours})
