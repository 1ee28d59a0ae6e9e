"""What is nobody's any more goes every minute, whatever else fails."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost
from runner_stage import until
from tisktask_common.bus.connection import Bus
from tisktask_common.sealing import KeyPair
from tisktask_runner.attempt.images import Images
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.collect import Ages, collect_forever
from tisktask_runner.engine.model import Collected
from tisktask_runner.engine.pods import Engine, open_engine
from tisktask_runner.image.host import BuildHost
from tisktask_runner.image.use import ImageUse
from tisktask_runner.news import NewsDesk
from tisktask_runner.source.mirror import Mirrors
from tisktask_runner.source.mirror_place import MirrorPlace, create_mirror, sharing_mirror

HOST = "collect-host"
AGES = Ages(mirror_seconds=3600, image_seconds=3600)


@pytest.fixture
async def shop(podman_host: PodmanHost, bus: Bus, tmp_path: Path) -> AsyncIterator[Workshop]:
    (tmp_path / "jobs").mkdir()
    host = BuildHost(tmp_path / "builds", podman_host.environment, is_storage_ours=True)
    async with open_engine(podman_host.place(host=HOST)) as engine:
        yield Workshop(
            runner=HOST,
            jobs=tmp_path / "jobs",
            bus=bus,
            engine=engine,
            mirrors=Mirrors(tmp_path / "mirrors"),
            images=Images(engine, host, IMAGE, tmp_path / "default.tar", ImageUse(tmp_path / "image-use")),
            lane=None,  # type: ignore[arg-type] - nothing here ships a log
            news=NewsDesk(),
            keys=KeyPair.generate(),
        )


def make_mirror(shop: Workshop, name: str) -> Path:
    """Make a mirror that nobody has used since 1970."""
    place = MirrorPlace(shop.mirrors.folder / "local" / "owner" / f"{name}.git")
    with sharing_mirror(place):
        create_mirror(place)
    os.utime(place.use_lock, (1, 1))
    return place.mirror


def make_half(shop: Workshop, name: str) -> Path:
    half = shop.jobs / f".new-{name}"
    half.mkdir()
    os.utime(half, (1, 1))
    return half


def make_trash(shop: Workshop, name: str) -> Path:
    """Leave what a process leaves that is killed while it deletes: just now."""
    trash = shop.jobs / f".old-{name}"
    (trash / "workspace").mkdir(parents=True)
    return trash


def make_working_container(host: PodmanHost) -> str:
    """Leave what a killed build leaves."""
    command = ["buildah", "from", "--pull-never", IMAGE]
    return subprocess.run(command, env=host.environment, capture_output=True, text=True, check=True).stdout.strip()


def working_containers(host: PodmanHost) -> list[str]:
    return host.podman("ps", "--all", "--external", "--format", "{{.Names}}").split()


async def until_collected(shop: Workshop, condition: Callable[[], object]) -> None:
    task = asyncio.create_task(collect_forever(shop, AGES, period_seconds=0.05))
    try:
        await until(lambda: task.done() or condition())
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_kind_of_leftovers_is_collected_again_and_again(shop: Workshop, podman_host: PodmanHost) -> None:
    def make(name: str) -> tuple[Path, ...]:
        assert make_working_container(podman_host) in working_containers(podman_host)
        return make_mirror(shop, name), make_half(shop, name), make_trash(shop, name)

    made = [*make("first")]
    again: list[Path] = []

    def all_gone_twice() -> bool:
        if any(path.exists() for path in [*made, *again]) or working_containers(podman_host):
            return False
        if not again:
            again.extend(make("second"))
            return False
        return True

    kept = make_mirror(shop, "in-use")
    os.utime(MirrorPlace(kept).use_lock)
    in_the_making = shop.jobs / ".new-young"
    in_the_making.mkdir()
    await until_collected(shop, all_gone_twice)
    assert kept.exists()
    assert in_the_making.exists()


async def test_what_fails_leaves_the_rest_to_be_collected(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, podman_host: PodmanHost
) -> None:
    async def fail(_self: Engine, _is_live: object) -> Collected:
        raise ValueError("Podman said what nobody expects")

    monkeypatch.setattr(Engine, "collect_garbage", fail)
    mirror, half = make_mirror(shop, "old"), make_half(shop, "old")
    await until_collected(shop, lambda: not mirror.exists() and not half.exists())


async def test_two_processes_of_a_host_do_not_collect_at_the_same_time(shop: Workshop) -> None:
    busy = most = 0
    rounds = 0
    collect = Engine.collect_garbage

    async def counted(self: Engine, is_live: Callable[..., bool]) -> Collected:
        nonlocal busy, most, rounds
        busy += 1
        most, rounds = max(most, busy), rounds + 1
        try:
            return await collect(self, is_live)
        finally:
            busy -= 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "collect_garbage", counted)
        other = asyncio.create_task(collect_forever(shop, AGES, period_seconds=0.01))
        try:
            await until_collected(shop, lambda: rounds > 6)
        finally:
            other.cancel()
            await asyncio.gather(other, return_exceptions=True)
    assert most == 1
