"""Tells the orchestrator that this process lives and what it holds, and does what the answer says."""

import asyncio
import time
from dataclasses import dataclass
from importlib.metadata import version

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import TisktaskError
from tisktask_common.rpc import Heartbeat
from tisktask_runner.attempt.roster import Roster
from tisktask_runner.scout import Scout
from tisktask_runner.worker import Worker

log = structlog.get_logger()

#: The lease is 14 s: three in a row may be lost.
PERIOD_SECONDS = 3.0
_LATE_SECONDS = 2.0
#: What happens at the same time is told at once.
_GATHER_SECONDS = 0.05
#: A program that waits again and again for a moment is not worth more.
_EARLY_SECONDS_MIN = 0.25

heartbeats_missed = Counter("tisktask_heartbeats_missed_total", "Heartbeats without an answer")
heartbeats_late = Counter("tisktask_heartbeats_late_total", "Heartbeats that this process was too busy to send in time")


@dataclass
class Presence:
    """Who beats."""

    runner: str
    replica: str
    pool: str
    slots: int
    labels: list[str]
    #: Set when there is something to tell or to hear before the period is over.
    is_due: asyncio.Event
    #: What runs the containers; known when Podman has answered.
    engine: str = ""
    #: Why no work is taken, for people; empty: all is well.
    problem: str = ""
    is_draining: bool = False
    #: Makes the looks that answers offer; None: this process makes none.
    scout: Scout | None = None


async def beat_forever(bus: Bus, presence: Presence, roster: Roster, worker: Worker) -> None:
    """Beat every few seconds, and when it is due.

    Nothing can starve it but a blocked event loop: whatever blocks (git, files, parsing of logs) is done in threads
    that the heartbeat does not need, and its request has a deadline shorter than the period.
    """
    due = time.monotonic()
    while True:
        if (late := time.monotonic() - due) > _LATE_SECONDS:
            heartbeats_late.inc()
            log.warning("heartbeat_late", seconds=round(late, 1))
        began_at = time.monotonic()
        presence.is_due.clear()
        await beat(bus, presence, roster, worker)
        due = max(began_at + PERIOD_SECONDS, time.monotonic())
        if await _is_early(presence, due):
            due = max(time.monotonic() + _GATHER_SECONDS, began_at + _EARLY_SECONDS_MIN)
        await asyncio.sleep(due - time.monotonic())


async def _is_early(presence: Presence, due: float) -> bool:
    """Wait for the next beat; True: it is to be made before its time."""
    try:
        async with asyncio.timeout(due - time.monotonic()):
            await presence.is_due.wait()
    except TimeoutError:
        return False
    return True


async def beat(bus: Bus, presence: Presence, roster: Roster, worker: Worker) -> None:
    request = Heartbeat(
        runner=presence.runner,
        replica=presence.replica,
        slots=presence.slots,
        pool=presence.pool,
        attempts=roster.unsettled(),
        waiting=roster.lent,
        waiting_jobs=roster.waiting_jobs(),
        free=0 if presence.is_draining else worker.free,
        labels=presence.labels,
        is_draining=presence.is_draining,
        has_paused=worker.has_paused,
        version=version("tisktask-runner"),
        engine=presence.engine,
        can_look=presence.scout is not None and presence.scout.can_look,
        problem=presence.problem,
    )
    try:
        reply = await bus.request(request, patience_seconds=PERIOD_SECONDS * 0.8)
    except TisktaskError as error:
        heartbeats_missed.inc()
        log.warning("heartbeat_not_answered", error=error.message)
        return
    for ref in reply.fenced:
        roster.fence(ref)
    for order in reply.stop:
        roster.stop(order)
    worker.heed(is_paused=reply.is_paused)
    worker.offer(reply.offers)
    if presence.scout and not presence.is_draining:
        presence.scout.offer(reply.looks)
