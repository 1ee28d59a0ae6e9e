"""Images that this host has pulled, and the room that all of its images take. Real ones, in a storage of their own."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, engine, podman_host  # noqa: F401 - the fixtures
from tisktask_common.rpc import Program
from tisktask_runner.attempt.images import Images
from tisktask_runner.engine.pods import Engine
from tisktask_runner.image.host import BuildHost
from tisktask_runner.image.leftovers import remove_dangling_images
from tisktask_runner.image.use import AGE_SECONDS_MIN, ImageUse, pulling

DAY_SECONDS = 86_400
MEGABYTE = 1_000_000


class Place:
    """A host's images, and names of the test's own for what is in the storage."""

    def __init__(self, podman: PodmanHost, engine: Engine, folder: Path) -> None:  # noqa: F811 - the fixture
        self.podman = podman
        self.engine = engine
        self.folder = folder
        self.use = ImageUse(folder / "use")
        self.host = BuildHost(folder / "builds", podman.environment, is_storage_ours=True)
        self.images = Images(engine, self.host, IMAGE, folder / "default.tar", self.use)
        self.made: list[str] = []

    def name(self, name: str) -> str:
        return f"localhost/room-{self.folder.name}/{name}:latest"

    def build(self, name: str, megabytes: int = 1) -> str:
        self.made.append(name)
        text = f"FROM {IMAGE}\nRUN head -c {megabytes * MEGABYTE} /dev/urandom > /big && echo {name}\n"
        (self.folder / "Dockerfile").write_text(text)
        self.podman.podman("build", "--network=none", "--tag", name, str(self.folder))
        return name

    async def pull(self, name: str) -> str:
        """Have an image come as if it was pulled: no registry is reached from here."""
        async with pulling(self.use, self.engine, [name]):
            self.build(name)
        return name

    def age(self, name: str, seconds: float) -> None:
        (image,) = [image for image in self.use.list_images() if image.name == name]
        os.utime(image.file, (image.used_at - seconds,) * 2)

    async def left(self, *names: str) -> list[bool]:
        return [await self.engine.has_image(name) for name in names]

    def clear(self) -> None:
        for name in self.made:
            self.podman.podman("rmi", "--force", "--ignore", name)


@pytest.fixture
def place(podman_host: PodmanHost, engine: Engine, tmp_path: Path) -> Iterator[Place]:  # noqa: F811 - the fixtures
    place = Place(podman_host, engine, tmp_path)
    yield place
    place.clear()


async def test_what_was_pulled_goes_like_what_was_built_and_what_a_user_has_stays(place: Place) -> None:
    users = place.build(place.name("users"))
    # A job asks for it by its name: it was there, so it was not pulled.
    assert await place.images.fetch(users) is None
    old, used = [await place.pull(place.name(name)) for name in ("old", "used")]
    for name in (old, used):
        place.age(name, 15 * DAY_SECONDS)
    assert await place.images.find(Program(name="x", path="x", image=used)) == used
    assert await place.images.remove_unused(14 * DAY_SECONDS) == 1
    assert await place.left(users, old, used) == [True, False, True]
    assert [image.name for image in place.use.list_images()] == [used]


async def test_what_a_container_beside_a_job_uses_stays(place: Place) -> None:
    name = await place.pull(place.name("service"))
    place.age(name, 15 * DAY_SECONDS)
    assert await place.images.config(name) is not None
    assert await place.images.remove_unused(14 * DAY_SECONDS) == 0
    place.age(name, 15 * DAY_SECONDS)
    container = place.podman.podman("create", name, "true").strip()
    try:
        assert await place.images.remove_unused(14 * DAY_SECONDS) == 0
        assert await place.images.make_room(1) == 0
    finally:
        place.podman.podman("rm", container)
    assert await place.left(name) == [True]


async def test_a_pull_that_brings_nothing_leaves_nothing_to_remove(place: Place) -> None:
    missing = place.name("missing")
    assert await place.images.fetch(missing) is not None
    assert place.use.list_images() == []
    # Killed in the middle of a pull, an hour ago; later the image comes from a user.
    await place.use.begin_pull(missing)
    place.age(missing, AGE_SECONDS_MIN + 1)
    assert await place.images.remove_unused(14 * DAY_SECONDS) == 0
    place.build(missing)
    assert place.use.list_images() == []
    assert await place.left(missing) == [True]


async def test_images_used_longest_ago_go_first_until_the_rest_has_room(place: Place) -> None:
    oldest, middle, newest = [await place.pull(place.name(name)) for name in ("oldest", "middle", "newest")]
    young = await place.pull(place.name("young"))
    users = place.build(place.name("users"), megabytes=9)
    for name, hours in ((oldest, 30), (middle, 20), (newest, 10)):
        place.age(name, hours * 3600)
    # Four times a megabyte and the base, which is counted once.
    base = (await place.engine.image_sizes())[(await _id(place, IMAGE))].shared_bytes
    assert await place.images.make_room(4 * MEGABYTE + 2 * base) == 0
    assert await place.images.make_room(int(2.5 * MEGABYTE) + base) == 2
    assert await place.left(oldest, middle, newest, young, users) == [False, False, True, True, True]
    # Too small for what is in use: the young one stays whatever the limit.
    assert await place.images.make_room(1) == 1
    assert await place.left(newest, young, users) == [False, True, True]


async def _id(place: Place, name: str) -> str:
    config = await place.engine.image_config(name)
    assert config is not None
    return config.image_id


async def test_an_attempt_that_looks_for_an_image_while_it_is_removed_is_told_the_truth(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await place.pull(place.name("raced"))
    place.age(name, 15 * DAY_SECONDS)
    removing, go_on = asyncio.Event(), asyncio.Event()
    remove = Engine.remove_image

    async def slowly(engine: Engine, ref: str) -> bool:  # noqa: F811 - as the real one calls it
        removing.set()
        await go_on.wait()
        return await remove(engine, ref)

    monkeypatch.setattr(Engine, "remove_image", slowly)
    collecting = asyncio.create_task(place.images.remove_unused(14 * DAY_SECONDS))
    await removing.wait()
    asking = asyncio.create_task(place.images.find(Program(name="x", path="x", image=name)))
    await asyncio.wait({asking}, timeout=0.2)
    assert not asking.done(), "it waits for the removal: else it would find what is about to go"
    go_on.set()
    assert await collecting == 1
    # So the attempt pulls it again.
    assert await asking is None


async def test_an_attempt_that_has_found_its_image_keeps_it(place: Place) -> None:
    name = await place.pull(place.name("found"))
    place.age(name, 15 * DAY_SECONDS)
    listed = place.use.list_images()
    assert await place.images.find(Program(name="x", path="x", image=name)) == name
    # The collection has listed it before, as unused.
    assert not await place.use.remove(place.engine, listed[0])
    assert await place.left(name) == [True]


async def test_layers_of_failed_builds_go_when_nobody_builds(place: Place) -> None:
    def dangling() -> set[str]:
        return set(place.podman.podman("images", "--filter", "dangling=true", "--quiet").split())

    before = dangling()
    (place.folder / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN echo {place.folder} > /a\nRUN false\n")
    with pytest.raises(RuntimeError, match="building at STEP"):
        place.podman.podman("build", "--layers", "--network=none", str(place.folder))
    assert dangling() - before
    assert await remove_dangling_images(place.host) == 0, "young layers make the next try quick"
    assert await remove_dangling_images(place.host, age_seconds=-10) >= 1
    assert not dangling() - before
    assert await place.left(IMAGE) == [True]


async def test_base_images_that_a_build_pulls_are_ours_and_those_that_are_there_are_not(place: Place) -> None:
    """The build itself pulls, so what it could pull is noted before, and afterwards what came."""
    there, comes, never = [place.name(name) for name in ("there", "comes", "never")]
    place.build(there)
    async with pulling(place.use, place.engine, [there, comes, never]):
        place.build(comes)
    assert [image.name for image in place.use.list_images()] == [comes]
