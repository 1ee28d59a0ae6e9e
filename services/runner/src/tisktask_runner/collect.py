"""Removes what is nobody's any more: pods without an attempt, old mirrors and images, halves of directories."""

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Awaitable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
from prometheus_client import Counter

from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import JobId
from tisktask_common.rpc import AttemptRef
from tisktask_runner.attempt.directory import attempt_name
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.image.leftovers import remove_dangling_images, remove_working_containers
from tisktask_runner.source.mirror_place import collect_mirrors

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

PERIOD_SECONDS = 60.0
#: Longer than a directory is in the making.
_HALF_MADE_SECONDS = 60.0
_MEASURE_SECONDS = 600.0

collections_failed = Counter(
    "tisktask_collections_failed_total", "Collections of garbage that failed, by what is collected", ["kind"]
)


@dataclass(frozen=True)
class Ages:
    """How long things are kept without being used, and how much of them."""

    mirror_seconds: float
    image_seconds: float
    #: What images may take; zero: no limit.
    image_bytes_max: int = 0


async def collect_forever(shop: Workshop, ages: Ages, period_seconds: float = PERIOD_SECONDS) -> None:
    """Collect every minute, one process of the host at a time."""
    while True:
        try:
            with _alone(shop.jobs.parent / "collect.lock") as is_ours:
                if is_ours:
                    await collect(shop, ages)
        except OSError as error:
            collections_failed.labels("all").inc()
            log.warning("collection_failed", error=str(error))
        await asyncio.sleep(period_seconds)


async def collect(shop: Workshop, ages: Ages) -> None:
    """Collect once. What can not be done leaves the rest to be done."""

    def is_live(labels: Mapping[str, str]) -> bool:
        ref = AttemptRef(job_id=JobId(labels.get("tisktask.job", "")), attempt=int(labels.get("tisktask.attempt", 0)))
        return (shop.jobs / attempt_name(ref)).is_dir()

    async def remove_mirrors() -> int:
        return len(await asyncio.to_thread(collect_mirrors, shop.mirrors.folder, ages.mirror_seconds))

    await _try("engine", shop.engine.collect_garbage(is_live))
    counts = {
        "builds": await _try("builds", remove_working_containers(shop.images.host)),
        "mirrors": await _try("mirrors", remove_mirrors()),
        "images": await _try("images", shop.images.remove_unused(ages.image_seconds)),
        "directories": await _try("directories", asyncio.to_thread(_remove_halves, shop.jobs)),
    }
    if _is_due(shop.jobs.parent / "images-measured"):
        # Podman walks through its whole storage for each of these.
        counts["dangling"] = await _try("dangling", remove_dangling_images(shop.images.host))
        counts["large"] = await _try("large", shop.images.make_room(ages.image_bytes_max))
    if any(counts.values()):
        log.info("leftovers_removed", **counts)


async def _try(kind: str, work: Awaitable[ResultT]) -> ResultT | None:
    try:
        return await work
    except (InfrastructureError, OSError) as error:
        collections_failed.labels(kind).inc()
        log.warning("collection_failed", kind=kind, error=str(error))
    except Exception:
        # Waste that can not be removed must not end the process and its jobs.
        collections_failed.labels(kind).inc()
        log.exception("collection_failed", kind=kind)
    return None


def _is_due(mark: Path) -> bool:
    """Tell, once in some minutes for all processes of the host, that it is time."""
    with suppress(FileNotFoundError):
        if mark.stat().st_mtime > time.time() - _MEASURE_SECONDS:
            return False
    mark.touch()
    os.utime(mark)
    return True


def _remove_halves(jobs: Path) -> int:
    """Remove directories that a killed process was about to make or to delete."""
    made_before = time.time() - _HALF_MADE_SECONDS
    # Of what is thrown away nobody wants anything, whether somebody is still at it or not.
    halves = [*jobs.glob(".old-*"), *(path for path in jobs.glob(".new-*") if _is_older(path, made_before))]
    for path in halves:
        shutil.rmtree(path, ignore_errors=True)
    return len(halves)


def _is_older(path: Path, at: float) -> bool:
    try:
        return path.stat().st_mtime < at
    except FileNotFoundError:
        # It has its name by now.
        return False


@contextmanager
def _alone(path: Path) -> Generator[bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)
