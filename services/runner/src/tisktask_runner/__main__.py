"""`python -m tisktask_runner`: one replica of a runner host."""

import asyncio
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from tisktask_common.bus.connection import Bus, connect
from tisktask_common.errors import InfrastructureError
from tisktask_common.process.service import Process, run_service
from tisktask_common.process.settings import PREFIX
from tisktask_common.sealing import KeyPair
from tisktask_common.subjects import WORK_TOPIC
from tisktask_runner.attempt.images import Images, PartedNetwork
from tisktask_runner.attempt.roster import Roster
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.collect import Ages, collect_forever
from tisktask_runner.disk_watch import DiskWatch
from tisktask_runner.engine.model import EnginePlace
from tisktask_runner.engine.pods import Engine, open_engine
from tisktask_runner.heartbeat import Presence, beat, beat_forever
from tisktask_runner.host.configure import read_configured
from tisktask_runner.host.facts import read_facts
from tisktask_runner.host.storage import Storage
from tisktask_runner.image.host import BuildHost, BuildLimits
from tisktask_runner.image.use import ImageUse
from tisktask_runner.log.shipper import ShippingLane
from tisktask_runner.log.uplink import LogUplink
from tisktask_runner.log.watch import FileWatcher
from tisktask_runner.news import NewsDesk
from tisktask_runner.scout import Scout
from tisktask_runner.settings import RunnerSettings
from tisktask_runner.slots import Slots
from tisktask_runner.source.mirror import Mirrors
from tisktask_runner.source.transfer import TransferLimits
from tisktask_runner.worker import Hold, Worker, obey_orders

log = structlog.get_logger()

_DAY_SECONDS = 86_400
#: What has ended is cleaned up before we go, if it does not take long.
_FINISH_SECONDS_MAX = 5.0
_PODMAN_POLL_SECONDS = 1.0


def main() -> None:
    settings = RunnerSettings()
    run_service("runner", settings, lambda process: serve(process, settings))


async def serve(process: Process, settings: RunnerSettings) -> None:
    """Run until cancelled: take work, supervise it, and hand it over at the end."""
    (settings.state_dir / "jobs").mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        stack.push_async_callback((await process.serve_http()).close)
        process.ready_checks["bus"] = process.ready_checks["podman"] = _not_yet
        engine = await stack.enter_async_context(_open_engine(settings))
        process.ready_checks["podman"] = engine.ping
        closing = asyncio.Event()
        bus = await connect(settings, f"runner-{settings.runner}", on_closed=lambda: _die_unless(closing))
        stack.push_async_callback(bus.close)
        stack.callback(closing.set)
        process.ready_checks["bus"] = lambda: _is_connected(bus)
        lane = await stack.enter_async_context(_open_lane(bus))
        shop = _furnish(settings, bus, engine, lane)
        await _work(process, settings, shop)


async def _work(process: Process, settings: RunnerSettings, shop: Workshop) -> None:
    roster = Roster(shop)
    presence = _introduce(settings)
    presence.scout = scout = Scout(shop.bus, settings.runner, shop.keys)
    has_room = presence.is_due if presence.labels else asyncio.Event()
    worker = Worker(shop, roster, settings.pool, Slots(settings.slots, settings.lent_slots_max), has_room)
    roster.on_lending(presence.is_due.set)
    days = settings.mirror_days * _DAY_SECONDS, settings.image_days * _DAY_SECONDS
    ages = Ages(*days, settings.image_bytes_max)
    disks = DiskWatch([settings.state_dir, *filter(None, [settings.podman_root])], settings.disk_free_bytes_min)
    process.ready_checks["disk"] = disks.is_ready
    worker.hold(Hold.PODMAN)
    worker.hold(Hold.UNHEARD)
    await obey_orders(shop.bus, settings.runner, roster)
    await shop.news.open(shop.bus, settings.runner)
    await shop.messages.open(shop.bus, settings.runner)
    # What runs already comes before new work, and its lease is extended before anything that may take time.
    worker.adopt()
    taking = [
        asyncio.create_task(worker.puller.run(), name="pull"),
        asyncio.create_task(worker.adopt_forever(), name="adopt"),
    ]
    keeping = [
        asyncio.create_task(beat_forever(shop.bus, presence, roster, worker), name="heartbeat"),
        asyncio.create_task(_hear_of_work(shop.news, presence), name="work news"),
        asyncio.create_task(_heed_host(shop, disks, worker, presence), name="podman and disks"),
        asyncio.create_task(collect_forever(shop, ages), name="collect"),
    ]
    try:
        # None of them ends by itself: the first that does has failed, and the process with it.
        done, _ = await asyncio.wait([*taking, *keeping], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        presence.is_draining = True
        await _hand_over(taking, roster, worker, waits=settings.drain == "wait" and process.stopping.is_set())
        await beat(shop.bus, presence, roster, worker)
        await scout.close()
        await _end(keeping)


def _introduce(settings: RunnerSettings) -> Presence:
    return Presence(
        settings.runner, settings.replica, settings.pool, settings.slots, settings.label_list, asyncio.Event()
    )


async def _hear_of_work(desk: NewsDesk, presence: Presence) -> None:
    """Beat at once when jobs wait that ask for labels of ours: the answer offers them."""
    with desk.listening(presence.runner, [WORK_TOPIC]) as heard:
        while True:
            await heard.wait()
            heard.clear()
            presence.is_due.set()


async def _hand_over(taking: list[asyncio.Task[None]], roster: Roster, worker: Worker, *, waits: bool) -> None:
    """Take nothing more, and let go of what runs: the next process adopts it. Or wait for its end."""
    worker.close()
    for task in taking:
        task.cancel()
    if waits:
        await roster.until_empty()
    await roster.finish_ended(_FINISH_SECONDS_MAX)
    await roster.leave_all()
    await _end(taking)
    await worker.until_claimed()
    # A claim that was answered just now has brought one more.
    await roster.leave_all()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _heed_host(shop: Workshop, disks: DiskWatch, worker: Worker, presence: Presence) -> None:
    """Take no work while Podman is away or hangs, or a disk is full, and have people told."""
    while True:
        is_there = await shop.engine.ping()
        shop.podman.note(is_there=is_there)
        await asyncio.to_thread(disks.look)
        problem = shop.podman.problem or disks.problem
        if bool(presence.problem) != bool(problem):
            # News: the next heartbeat need not be waited for.
            presence.is_due.set()
        presence.problem = problem
        worker.hold_while(Hold.PODMAN, is_held=not is_there)
        worker.hold_while(Hold.DISK, is_held=bool(disks.problem))
        try:
            if is_there and not presence.engine:
                presence.engine = str(await shop.engine.version())
        except InfrastructureError as error:
            log.warning("podman_unusable", error=error.message)
        await asyncio.sleep(_PODMAN_POLL_SECONDS)


@asynccontextmanager
async def _open_engine(settings: RunnerSettings) -> AsyncGenerator[Engine]:
    storage = _storage(settings)
    facts = read_facts()
    # Only the first start has to wait: later the configuration is known, and pods that run must not be left alone.
    while not (configured := read_configured(storage, facts)) and not settings.podman_socket.is_socket():
        log.warning("podman_not_reachable", socket=str(settings.podman_socket))
        await asyncio.sleep(_PODMAN_POLL_SECONDS)
    place = EnginePlace(settings.podman_socket, settings.runner, storage.tmp_dir, temporary=storage.temporary)
    async with open_engine(replace(place, networks=configured.networks) if configured else place) as engine:
        yield engine


@asynccontextmanager
async def _open_lane(bus: Bus) -> AsyncGenerator[ShippingLane]:
    watcher, uplink = FileWatcher(), LogUplink(bus)
    watcher.start()
    sending = asyncio.create_task(uplink.run(), name="logs")
    with ThreadPoolExecutor(2, "logs") as threads:
        try:
            yield ShippingLane(uplink, watcher, threads)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            watcher.close()


def _furnish(settings: RunnerSettings, bus: Bus, engine: Engine, lane: ShippingLane) -> Workshop:
    state = settings.state_dir
    archive = settings.default_image_archive or state / "default-image.tar"
    # A build's environment is nobody's business but Podman's: what we were told stays here.
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    host = BuildHost(
        folder=state / "builds",
        environment=_storage(settings).environment(own),
        limits=BuildLimits(settings.build_seconds, settings.build_memory_bytes, settings.build_cpus),
        network=PartedNetwork(engine),
        default_archive=archive,
        registry=settings.registry,
        is_storage_ours=settings.podman_root is not None,
    )
    limits = TransferLimits(seconds=settings.fetch_seconds, bytes_max=settings.fetch_bytes)
    return Workshop(
        runner=settings.runner,
        jobs=state / "jobs",
        bus=bus,
        engine=engine,
        mirrors=Mirrors(state / "mirrors", limits),
        images=Images(engine, host, settings.default_image, archive, ImageUse(state / "image-use")),
        lane=lane,
        news=NewsDesk(),
        keys=KeyPair.generate(),
        socket_limits=settings.socket_limits,
        containers_max=settings.containers_max,
        command_client=_find_client(settings),
    )


def _find_client(settings: RunnerSettings) -> Path | None:
    """Name the client that jobs are given. Without one they go on; they may have a Redis client of their own."""
    if settings.command_client and settings.command_client.is_file():
        return settings.command_client
    log.warning(
        "command_client_missing", path=str(settings.command_client or ""), consequence="no tisktask-cmd in jobs"
    )
    return None


def _storage(settings: RunnerSettings) -> Storage:
    return Storage(settings.state_dir, settings.podman_root, settings.podman_runroot)


async def _is_connected(bus: Bus) -> bool:
    return bus.is_ready


async def _not_yet() -> bool:
    return False


def _die_unless(closing: asyncio.Event) -> None:
    """End at once if the bus is closed for good, and not by us: whoever started us starts us again."""
    if not closing.is_set():
        log.error("bus_closed")
        os._exit(1)


if __name__ == "__main__":
    main()
