"""Statements about triggers and runs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from tisktask_common.database.pool import Connection
from tisktask_common.events import TriggerReceived
from tisktask_common.ids import JobId, RunId, TriggerId
from tisktask_common.lifecycle import RUN_ENDS, RunState, run_states_before
from tisktask_orchestrator.store.rows import ChangeRow, GivenRow, IdRow, RunRow, StartRow, SupersededRow, TimeRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


class Origin(StrEnum):
    """What made a trigger."""

    WEBHOOK = "webhook"
    #: A look at the repository, or the forge's list of pull requests: no webhook had told of it.
    RECONCILE = "reconcile"
    SCHEDULE = "schedule"
    #: A person, without a commit of their own.
    MANUAL = "manual"


async def insert_trigger(connection: Connection, trigger: TriggerReceived, origin: Origin) -> bool:
    row = await fetch_one(
        connection,
        IdRow,
        "insert_trigger",
        id=trigger.trigger_id,
        repository_id=trigger.repository.id,
        delivery=trigger.delivery,
        payload_chunks=trigger.payload_chunks,
        payload_bytes=trigger.payload_bytes,
        received_at=trigger.time,
        origin=origin,
        inputs=Jsonb(trigger.inputs),
        schedule=trigger.schedule,
        scheduled_at=trigger.scheduled_at,
    )
    return row is not None


async def read_given(connection: Connection, trigger: TriggerId) -> GivenRow:
    return await fetch_row(connection, GivenRow, "read_given", trigger_id=trigger)


async def read_run_of_trigger(connection: Connection, trigger: TriggerId) -> RunId | None:
    row = await fetch_one(connection, IdRow, "read_run_of_trigger", trigger_id=trigger)
    return row and RunId(row.id)


async def list_open_triggers(connection: Connection) -> list[TriggerId]:
    return [TriggerId(row.id) for row in await fetch_all(connection, IdRow, "list_open_triggers")]


async def insert_run(connection: Connection, run: RunId, trigger: TriggerReceived, *, is_vetted: bool) -> RunRow:
    return await fetch_row(
        connection,
        RunRow,
        "insert_run",
        id=run,
        repository_id=trigger.repository.id,
        trigger_id=trigger.trigger_id,
        change=Jsonb(trigger.change.model_dump(mode="json")),
        is_vetted=is_vetted,
    )


async def set_run_line(connection: Connection, run: RunId, line: str) -> None:
    await execute(connection, "set_run_line", run_id=run, line=line)


async def list_superseded_runs(connection: Connection, trigger: TriggerId) -> list[SupersededRow]:
    return await fetch_all(connection, SupersededRow, "list_superseded_runs", trigger_id=trigger)


async def lock_run(connection: Connection, run: RunId) -> RunRow | None:
    return await fetch_one(connection, RunRow, "lock_run", run_id=run)


async def lock_run_of_job(connection: Connection, job: JobId) -> RunRow | None:
    return await fetch_one(connection, RunRow, "lock_run_of_job", job_id=job)


async def move_run(connection: Connection, run: RunId, to: RunState, reason: str) -> TimeRow | None:
    return await fetch_one(
        connection,
        TimeRow,
        "move_run",
        run_id=run,
        to=to,
        reason=reason,
        is_end=to in RUN_ENDS,
        **{"from": [str(state) for state in run_states_before(to)]},
    )


async def start_run(connection: Connection, run: RunId) -> datetime | None:
    row = await fetch_one(connection, StartRow, "start_run", run_id=run)
    return row and row.started_at


async def describe_run(connection: Connection, run: RunId, title: str, warnings: list[str]) -> dict[str, Any] | None:
    row = await fetch_one(connection, ChangeRow, "describe_run", run_id=run, title=title, warnings=warnings)
    return row and row.change


async def request_run_stop(connection: Connection, run: RunId, state: RunState, reason: str) -> bool:
    row = await fetch_one(connection, IdRow, "request_run_stop", run_id=run, stop_state=state, reason=reason)
    return row is not None


async def list_overdue_runs(connection: Connection, run_seconds_max: float) -> list[RunId]:
    rows = await fetch_all(connection, IdRow, "list_overdue_runs", run_seconds_max=run_seconds_max)
    return [RunId(row.id) for row in rows]
