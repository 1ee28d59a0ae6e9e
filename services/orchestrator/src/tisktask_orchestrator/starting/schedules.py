"""Requests about schedules: added, changed, removed, and run now."""

from dataclasses import replace
from datetime import datetime

import structlog

from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.ids import new_schedule_id, new_start_id
from tisktask_common.rpc import Accepted
from tisktask_common.run_inputs import check_inputs
from tisktask_common.starts import (
    SCHEDULE,
    AddSchedule,
    ChangeSchedule,
    RemoveSchedule,
    RunSchedule,
    ScheduleSet,
    StartMade,
)
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.starting import words as words_for_starts
from tisktask_orchestrator.starting.cron_times import read_cron
from tisktask_orchestrator.starting.rules import check_folder, check_ref, check_request_id
from tisktask_orchestrator.starting.starts import take_wish
from tisktask_orchestrator.store.repositories import lock_repository
from tisktask_orchestrator.store.schedules import (
    ScheduleRow,
    count_schedules,
    delete_schedule,
    insert_schedule,
    lock_schedule,
    update_schedule,
)
from tisktask_orchestrator.store.starts import WantedRun
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: Who gives one of these, also as it is, wants the next time to be found anew.
_WHAT_IS_DUE = ("cron", "time_zone", "is_paused")


async def add_schedule(collaborators: Collaborators, request: AddSchedule, _caller: str) -> ScheduleSet:
    """Add a schedule; the same one again is the same."""
    check_folder("name", request.name)
    new = _checked(
        ScheduleRow(
            id=new_schedule_id(),
            repository_id=request.repository_id,
            name=request.name,
            **request.terms.model_dump(mode="json"),
            next_at=None,
            last_due_at=None,
        ),
        collaborators.now(),
    )
    schedules_max = collaborators.settings.schedules_max
    async with transaction(collaborators.pool) as connection:
        if not await lock_repository(connection, request.repository_id):
            raise NotFoundError(words.unknown_repository(request.repository_id))
        if before := await lock_schedule(connection, request.repository_id, request.name):
            return _same_or_conflict(before, new)
        if await count_schedules(connection, request.repository_id) >= schedules_max:
            raise ConflictError(words_for_starts.too_many_schedules(schedules_max))
        await insert_schedule(connection, new)
    _log("schedule_added", new)
    return ScheduleSet(name=new.name, next_at=new.next_at)


async def change_schedule(collaborators: Collaborators, request: ChangeSchedule, _caller: str) -> ScheduleSet:
    """Change a schedule from now on. Times that passed while it was paused, or had other terms, are not made up for."""
    given = request.model_dump(mode="json", exclude={"repository_id", "name"}, exclude_none=True)
    if request.ref is not None:
        given["ref"] = request.ref or None
    async with transaction(collaborators.pool) as connection:
        old = await lock_schedule(connection, request.repository_id, request.name)
        if old is None:
            raise NotFoundError(words_for_starts.unknown_schedule(request.name))
        wanted = replace(old, **given)
        new = _checked(wanted, collaborators.now())
        if not any(field in given for field in _WHAT_IS_DUE):
            new = replace(new, next_at=old.next_at)
        await update_schedule(connection, new)
    _log("schedule_changed", new)
    return ScheduleSet(name=new.name, next_at=new.next_at)


async def remove_schedule(collaborators: Collaborators, request: RemoveSchedule, _caller: str) -> Accepted:
    """Remove a schedule; what it has started goes on."""
    async with transaction(collaborators.pool) as connection:
        is_removed = await delete_schedule(connection, request.repository_id, request.name)
    if not is_removed:
        # The same order given twice, or a wrong name: either way it is not there.
        return Accepted(accepted=False, reason=words_for_starts.unknown_schedule(request.name))
    log.info("schedule_removed", repository=request.repository_id, schedule=request.name)
    return Accepted(accepted=True)


async def run_schedule(collaborators: Collaborators, request: RunSchedule, _caller: str) -> StartMade:
    """Start a run of a schedule now, also if it is paused or its last run has not ended: a person has asked for it."""
    check_request_id(request.request_id)
    async with transaction(collaborators.pool) as connection:
        schedule = await lock_schedule(connection, request.repository_id, request.name)
    if schedule is None:
        raise NotFoundError(words_for_starts.unknown_schedule(request.name))
    delivery = f"{SCHEDULE}-run:{request.request_id}"
    return await take_wish(collaborators, wanted_run(schedule, delivery, collaborators.now()))


def wanted_run(schedule: ScheduleRow, delivery: str, due: datetime) -> WantedRun:
    """Say what run a schedule wants for a time."""
    return WantedRun(
        id=new_start_id(),
        repository_id=schedule.repository_id,
        delivery=delivery,
        event=SCHEDULE,
        action=schedule.name,
        ref=schedule.ref,
        sha=None,
        actor="",
        inputs=schedule.inputs,
        schedule_id=schedule.id,
        schedule=schedule.name,
        scheduled_at=due.replace(microsecond=0),
    )


def _checked(schedule: ScheduleRow, now: datetime) -> ScheduleRow:
    """Refuse terms that can not be; say when it is due next."""
    times = read_cron(schedule.cron, schedule.time_zone)
    check_ref(schedule.ref)
    check_inputs(schedule.inputs)
    return replace(
        schedule, cron=" ".join(schedule.cron.split()), next_at=None if schedule.is_paused else times.first_after(now)
    )


def _same_or_conflict(before: ScheduleRow, new: ScheduleRow) -> ScheduleSet:
    same = replace(new, id=before.id, next_at=before.next_at, last_due_at=before.last_due_at)
    if same != before:
        raise ConflictError(words_for_starts.schedule_exists(new.name))
    return ScheduleSet(name=before.name, next_at=before.next_at)


def _log(event: str, schedule: ScheduleRow) -> None:
    log.info(
        event,
        repository=schedule.repository_id,
        schedule=schedule.name,
        cron=schedule.cron,
        time_zone=schedule.time_zone,
        is_paused=schedule.is_paused,
        next_at=str(schedule.next_at),
    )
