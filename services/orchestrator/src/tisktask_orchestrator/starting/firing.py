"""Fires the schedules that are due: one run each, for the newest of the times that have passed."""

from datetime import UTC, datetime
from functools import partial

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.starts import SCHEDULE, Overlap, StartState
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.looking.wishes import hasten_look, want_look
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.starting import words
from tisktask_orchestrator.starting.cron_times import CronTimes, read_cron
from tisktask_orchestrator.starting.schedules import wanted_run
from tisktask_orchestrator.store.schedules import (
    ScheduleRow,
    fire_schedule,
    list_due_schedules,
    note_skipped_schedule,
)
from tisktask_orchestrator.store.starts import insert_start, read_unfinished_start
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

schedules_due = Counter("tisktask_schedules_due_total", "Times of schedules, by what became of them", ["result"])

_AT_ONCE = 200


async def fire_due(collaborators: Collaborators) -> None:
    """Fire what is due now. Orchestrators that do so at the same time fire each once."""
    now = collaborators.now()
    async with collaborators.pool.connection() as connection:
        due = await list_due_schedules(connection, now, _AT_ONCE)
    for schedule in due:
        await survive("fire_schedule", partial(_fire, collaborators, schedule, now))
    if due:
        await hasten_look(collaborators)


def newest_due(times: CronTimes, seen: datetime, now: datetime) -> datetime:
    """Find the newest due time, of one that is known to have passed and all after it."""
    following = times.first_after(seen)
    if following is None or following > now:
        return seen
    return times.last_until(now) or seen


async def _fire(collaborators: Collaborators, schedule: ScheduleRow, now: datetime) -> None:
    seen = schedule.next_at
    if seen is None:
        return
    times = read_cron(schedule.cron, schedule.time_zone)
    due = newest_due(times, seen, now)
    async with transaction(collaborators.pool) as connection:
        if not await fire_schedule(connection, schedule, due, times.first_after(now)):
            # Another orchestrator was first, or somebody has changed it.
            return
        result = await _want_or_skip(connection, schedule, due)
    schedules_due.labels(result).inc()
    log.info(
        "schedule_was_due",
        result=result,
        repository=schedule.repository_id,
        schedule=schedule.name,
        due=str(due),
        has_missed=due != seen,
    )


async def _want_or_skip(connection: Connection, schedule: ScheduleRow, due: datetime) -> str:
    unfinished = await read_unfinished_start(connection, schedule.id)
    if unfinished and unfinished.state == StartState.WAITING:
        await note_skipped_schedule(connection, schedule.id, words.still_waiting(due))
        return "skipped"
    if unfinished and schedule.overlap == Overlap.SKIP:
        await note_skipped_schedule(connection, schedule.id, words.still_running(due, unfinished.run_number or 0))
        return "skipped"
    # The time is part of it: whatever a clock does, each time of a schedule is fired once.
    delivery = f"{SCHEDULE}:{schedule.id}:{due.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if not await insert_start(connection, wanted_run(schedule, delivery, due)):
        return "repeated"
    await want_look(connection, schedule.repository_id)
    return "fired"
