"""Makes sure that the image of a key is on this host: found, pulled, or built once however many want it."""

import os
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import Counter, Histogram

from tisktask_runner.image import words
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.build_process import WATCHDOG, run_build
from tisktask_runner.image.default import ensure_default_image
from tisktask_runner.image.host import IMAGE_NAME, BuildHost, image_exists, image_name
from tisktask_runner.image.key import ImagePlan
from tisktask_runner.image.leftovers import remove_build_files, remove_build_network, remove_working_containers
from tisktask_runner.image.outcomes import BuildErrored, BuildFailed, BuildOutcome, Ready
from tisktask_runner.image.registry import pull_by_key, push_by_key
from tisktask_runner.source.own_thread import in_own_thread

log = structlog.get_logger()

IMAGES = Counter("tisktask_images_total", "Images that were wanted, by what was done", ["outcome"])
BUILD_SECONDS = Histogram("tisktask_image_build_seconds", "Time of builds", buckets=(1, 5, 15, 60, 180, 600, 1800))
#: A waiter's patience above the time that a build may take.
WAIT_SECONDS_EXTRA = 60.0


@dataclass(frozen=True)
class BuildOrder:
    """One image that is wanted."""

    plan: ImagePlan
    #: The commit's checkout; not touched if the plan does not read the context.
    context: Path
    #: What the build prints is appended here, as it comes.
    log_path: Path


async def ensure_image(host: BuildHost, order: BuildOrder) -> BuildOutcome:
    """Find, pull or build. Cancelled, it stops its own build, not one that it waits for."""
    if order.plan.forbidden:
        return BuildFailed(order.plan.forbidden)
    image = image_name(order.plan.key)
    try:
        outcome = await _ensure(host, order, image)
    except FileNotFoundError as error:
        if error.filename not in {host.podman, WATCHDOG}:
            raise
        outcome = BuildErrored(words.podman_missing(str(error.filename)))
    match outcome:
        case Ready(built=is_built):
            IMAGES.labels("built" if is_built else "found").inc()
        case _:
            IMAGES.labels("failed").inc()
            log.info("image_not_made", key=order.plan.key, build_file=order.plan.build_file, reason=outcome.reason)
    return outcome


async def _ensure(host: BuildHost, order: BuildOrder, image: str) -> BuildOutcome:
    if await image_exists(host, image):
        note(order.log_path, words.found(order.plan.key))
        return Ready(image, order.plan.key, built=False, seconds=0)
    patience_seconds = host.limits.seconds + WAIT_SECONDS_EXTRA
    lock_path = host.folder / "locks" / order.plan.key
    async with locked(lock_path, patience_seconds, lambda: note(order.log_path, words.waiting(order.plan.key))) as lock:
        if lock is None:
            return BuildErrored(words.build_waited_too_long(order.plan.key, patience_seconds))
        if await image_exists(host, image):
            note(order.log_path, words.found(order.plan.key))
            return Ready(image, order.plan.key, built=False, seconds=0)
        if host.registry and await pull_by_key(host, order.plan.key):
            note(order.log_path, words.pulled(order.plan.key, host.registry))
            return Ready(image, order.plan.key, built=False, seconds=0)
        return await _build(host, order, image, lock)


async def _build(host: BuildHost, order: BuildOrder, image: str, lock: int) -> BuildOutcome:
    if refusal := await _load_base(host, order):
        return refusal
    note(order.log_path, words.building(order.plan.build_file, order.plan.key))
    started = time.monotonic()
    outcome = None
    async with AsyncExitStack() as stack:
        # Shared by all builds: who gets it exclusively knows that leftovers are leftovers.
        any_build = await stack.enter_async_context(locked(host.folder / "locks" / "any", 60, is_shared=True))
        clean = partial(remove_build_files, host.folder, order.plan.key)
        await in_own_thread("build-files", clean)
        try:
            # Not before we hold the lock: whoever has it alone may remove the network.
            network = await host.network.make()
            outcome = await run_build(host, order, network, tuple(fd for fd in (lock, any_build) if fd is not None))
        finally:
            await in_own_thread("build-files", clean)
    if outcome is not None:
        await remove_working_containers(host)
        return outcome
    await remove_build_network(host)
    seconds = time.monotonic() - started
    BUILD_SECONDS.observe(seconds)
    note(order.log_path, words.built(order.plan.key, seconds))
    if host.registry and (error := await push_by_key(host, order.plan.key)):
        note(order.log_path, words.not_pushed(order.plan.key, host.registry, error))
    return Ready(image, order.plan.key, built=True, seconds=seconds)


async def _load_base(host: BuildHost, order: BuildOrder) -> BuildErrored | None:
    """A build file may build on the default image, which no registry has."""
    if host.default_archive is None or not any(name.startswith(f"{IMAGE_NAME}default") for name in order.plan.images):
        return None
    loaded = await ensure_default_image(host, host.default_archive)
    return loaded if isinstance(loaded, BuildErrored) else None


def note(log_path: Path, line: str) -> None:
    """Append a line of ours to the log of the build."""
    descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, line.encode("utf-8", "backslashreplace"))
    finally:
        os.close(descriptor)
