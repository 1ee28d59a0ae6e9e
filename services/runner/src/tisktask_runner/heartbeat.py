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

log = structlog.get_logger()

#: The lease is 15 s: four may be lost.
PERIOD_SECONDS = 3.0
_LATE_SECONDS = 2.0

heartbeats_missed = Counter("tisktask_heartbeats_missed_total", "Heartbeats without an answer")
heartbeats_late = Counter("tisktask_heartbeats_late_total", "Heartbeats that this process was too busy to send in time")


@dataclass
class Presence:
    """Who beats."""

    runner: str
    replica: str
    pool: str
    slots: int
    #: What runs the containers; known when Podman has answered.
    engine: str = ""
    is_draining: bool = False


async def beat_forever(bus: Bus, presence: Presence, roster: Roster) -> None:
    """Beat every few seconds.

    Nothing can starve it but a blocked event loop: whatever blocks (git, files, parsing of logs) is done in threads
    that the heartbeat does not need, and its request has a deadline shorter than the period.
    """
    due = time.monotonic()
    while True:
        if (late := time.monotonic() - due) > _LATE_SECONDS:
            heartbeats_late.inc()
            log.warning("heartbeat_late", seconds=round(late, 1))
        await beat(bus, presence, roster)
        due = max(due + PERIOD_SECONDS, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def beat(bus: Bus, presence: Presence, roster: Roster) -> None:
    request = Heartbeat(
        runner=presence.runner,
        replica=presence.replica,
        slots=presence.slots,
        pool=presence.pool,
        attempts=roster.unsettled(),
        is_draining=presence.is_draining,
        version=version("tisktask-runner"),
        engine=presence.engine,
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
