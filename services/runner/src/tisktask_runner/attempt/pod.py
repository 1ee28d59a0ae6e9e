"""Waits for the end of a running pod, and ends it when that is ordered."""

import asyncio

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_common.rpc import JobSpec
from tisktask_runner.attempt.interrupts import Interrupts
from tisktask_runner.attempt.workshop import Workshop, pod_labels
from tisktask_runner.engine.model import Exit, Lost, Pod
from tisktask_runner.engine.pods import Engine

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
_TRIES = 10


async def await_end(engine: Engine, pod: Pod, interrupts: Interrupts, grace_seconds: float) -> Exit | Lost:
    """Wait for the program's end; SIGTERM, the grace and SIGKILL on a stop order, SIGKILL when fenced off."""
    stopping = asyncio.create_task(_stop_when_told(engine, pod, interrupts, grace_seconds))
    try:
        return await _wait_patiently(engine, pod)
    finally:
        stopping.cancel()


async def remove_pods(shop: Workshop, spec: JobSpec, known: Pod | None, *, is_unsure: bool) -> None:
    """Remove all pods of the attempt; `is_unsure`: also what a process that died, or ours, was about to make.

    The known one is removed in any case: of a removal that was interrupted, only its network may be left.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            others = [found.pod for found in await shop.engine.find(pod_labels(spec)) if found.pod != known]
            for pod in [known, *others] if known else others:
                await shop.engine.remove(pod)
            if is_unsure:
                await shop.engine.remove_unfinished(f"{spec.job_id}-{spec.attempt}-")
        except InfrastructureError as error:
            log.warning("pod_not_removed", error=error.message, tries_left=tries_left)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
    # Without the attempt's directory it is nobody's: the collection of garbage removes it.
    log.error("pod_left_behind")


async def _wait_patiently(engine: Engine, pod: Pod) -> Exit | Lost:
    for tries_left in reversed(range(_TRIES)):
        try:
            return await engine.wait(pod)
        except InfrastructureError as error:
            log.warning("pod_not_watched", error=error.message, tries_left=tries_left)
            if not tries_left:
                return Lost(error.message)
            await asyncio.sleep(_RETRY_SECONDS)
    raise AssertionError  # the loop ends by return


async def _stop_when_told(engine: Engine, pod: Pod, interrupts: Interrupts, grace_seconds: float) -> None:
    await interrupts.until_any()
    if not interrupts.is_fenced:
        log.info("program_stopping", grace_seconds=grace_seconds)
        await interrupts.guard_from_fence(_stop_patiently(engine, pod, grace_seconds))
        await interrupts.until_fenced()
    log.warning("program_killed", reason="the attempt is no longer this runner's")
    await _stop_patiently(engine, pod, 0)


async def _stop_patiently(engine: Engine, pod: Pod, grace_seconds: float) -> None:
    while True:
        try:
            await engine.stop(pod, grace_seconds)
        except InfrastructureError as error:
            log.warning("pod_not_stopped", error=error.message)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
