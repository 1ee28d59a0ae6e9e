"""Images are removed when they were not used for long, by whoever has made them. Real ones, in a storage of their own."""

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, engine, podman_host  # noqa: F401 - the fixtures
from tisktask_runner.engine.pods import Engine
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.host import image_name
from tisktask_runner.image.use import AGE_SECONDS_MIN, ImageUse

DAY_SECONDS = 86_400


class Images:
    """Real images by names of the test's own, and the notes of one host about them."""

    def __init__(self, podman: PodmanHost, folder: Path) -> None:
        self.podman = podman
        self.folder = folder
        self.use = ImageUse(folder / "use")

    async def make(self, name: str, *, is_noted: bool = True) -> str:
        """Build an image as a host does, and give its key."""
        key = hashlib.sha256(f"{self.folder} {name}".encode()).hexdigest()
        if is_noted:
            await self.use.begin(key)
        (self.folder / "Dockerfile").write_text(f"FROM {IMAGE}\nLABEL tisktask.key={key}\n")
        self.podman.podman("build", "--tag", image_name(key), str(self.folder))
        return key

    def age(self, key: str, seconds: float) -> None:
        file = self.use.folder / key
        os.utime(file, (file.stat().st_mtime - seconds,) * 2)


@pytest.fixture
def images(podman_host: PodmanHost, tmp_path: Path) -> Images:  # noqa: F811 - the fixture
    return Images(podman_host, tmp_path)


async def test_only_what_this_host_made_and_nobody_used_for_long_is_removed(
    engine: Engine,  # noqa: F811 - the fixture
    images: Images,
) -> None:
    unused, used, held = [await images.make(name) for name in ("unused", "used", "held")]
    foreign = await images.make("foreign", is_noted=False)
    for key in (unused, used, held):
        images.age(key, 15 * DAY_SECONDS)
    # It was made as long ago as the others.
    await images.use.note(used)
    await images.use.note(foreign)
    container = images.podman.podman("create", image_name(held), "true").strip()
    try:
        assert await images.use.remove_unused(engine, 14 * DAY_SECONDS) == 1
        left = [key for key in (unused, used, held, foreign) if await engine.has_image(image_name(key))]
        assert left == [used, held, foreign]
    finally:
        images.podman.podman("rm", container)
    # What a container has kept counts as used.
    assert await images.use.remove_unused(engine, 14 * DAY_SECONDS) == 0
    images.age(held, 15 * DAY_SECONDS)
    assert await images.use.remove_unused(engine, 14 * DAY_SECONDS) == 1
    assert sorted(path.name for path in images.use.folder.iterdir()) == [used]


async def test_an_image_that_is_gone_already_is_forgotten(engine: Engine, images: Images) -> None:  # noqa: F811
    await images.use.begin("0" * 64)
    images.age("0" * 64, 15 * DAY_SECONDS)
    assert await images.use.remove_unused(engine, 14 * DAY_SECONDS) == 0
    assert list(images.use.folder.iterdir()) == []


async def test_an_image_that_was_just_looked_for_stays_whatever_the_settings_say(
    engine: Engine,  # noqa: F811 - the fixture
    images: Images,
) -> None:
    key = await images.make("just-now")
    images.age(key, AGE_SECONDS_MIN / 2)
    assert await images.use.remove_unused(engine, 1) == 0
    assert await engine.has_image(image_name(key))


async def test_a_use_during_a_removal_is_noted_after_it(images: Images) -> None:
    """So that the look at the image that follows tells the truth."""
    await images.use.begin("1" * 64)
    images.age("1" * 64, DAY_SECONDS)
    before = (images.use.folder / ("1" * 64)).stat().st_mtime
    async with locked(images.folder / "use.lock", 0) as lock:
        assert lock is not None
        noting = asyncio.create_task(images.use.note("1" * 64))
        await asyncio.wait({noting}, timeout=0.1)
        assert not noting.done()
        assert (images.use.folder / ("1" * 64)).stat().st_mtime == before
    await noting
    assert (images.use.folder / ("1" * 64)).stat().st_mtime > before
