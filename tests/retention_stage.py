"""Old runs by the hundred, as rows; and the services that are asked before one is deleted."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from nats.aio.msg import Msg

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.pull import Puller
from tisktask_common.ids import RepositoryId, RunId, new_job_id, new_repository_id, new_run_id
from tisktask_common.run_deletion import ListIncompleteLogs, ListUndelivered, NeededRuns
from tisktask_common.subjects import RUNS_FOR_REPORTER

DAY = timedelta(days=1)


@dataclass
class OldRun:
    """A run that is to be there."""

    ended_days_ago: float | None = 100.0
    event: str = "push"
    branch: str | None = "main"
    jobs: int = 1
    carries_from: str | None = None

    @property
    def finished_at(self) -> datetime | None:
        return None if self.ended_days_ago is None else datetime.now(UTC) - self.ended_days_ago * DAY


async def add_repository(
    connection: psycopg.AsyncConnection[Any], *, is_removed: bool = False, **rules: Any
) -> RepositoryId:
    repository = new_repository_id()
    await connection.execute(
        "INSERT INTO orchestrator.repositories"
        " (id, forge, full_name, clone_url, keep_days, keep_min, keep_max, token, removed_at)"
        " VALUES (%s, 'github', %s, '', %s, %s, %s, 'locked', CASE WHEN %s THEN now() - interval '100 days' END)",
        [repository, f"octo/{repository}", *(rules.get(f"keep_{rule}") for rule in ("days", "min", "max")), is_removed],
    )
    return repository


async def add_runs(
    connection: psycopg.AsyncConnection[Any], repository: RepositoryId, runs: Sequence[OldRun]
) -> list[RunId]:
    """Add runs with numbers from 1 on, each with a preparation, programs, and all kinds of rows that hang on them."""
    made: list[RunId] = []
    async with connection.pipeline(), connection.transaction():
        for number, run in enumerate(runs, 1):
            made.append(await _add_run(connection, repository, number, run))
        await connection.execute(
            "UPDATE orchestrator.repositories SET next_run_number = %s WHERE id = %s", [len(runs) + 1, repository]
        )
    return made


async def _add_run(
    connection: psycopg.AsyncConnection[Any], repository: RepositoryId, number: int, run: OldRun
) -> RunId:
    made, trigger = new_run_id(), f"trg_{repository}_{number}"
    change = {"event": run.event, "sha": "a" * 40, "ref": "r", "branch": run.branch}
    moment = run.finished_at
    state = "succeeded" if moment else "running"
    await connection.execute(
        "INSERT INTO orchestrator.triggers (id, repository_id, delivery, received_at) VALUES (%s, %s, %s, %s)",
        [trigger, repository, trigger, moment or datetime.now(UTC)],
    )
    await connection.execute(
        "INSERT INTO orchestrator.runs (id, number, repository_id, trigger_id, state, change, finished_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [made, number, repository, trigger, state, json.dumps(change), moment],
    )
    parent = None
    for place in range(run.jobs):
        job = new_job_id()
        await connection.execute(
            "INSERT INTO orchestrator.jobs"
            " (id, run_id, repository_id, kind, name, pool, state, parent_job_id, carried_from, finished_at)"
            " VALUES (%s, %s, %s, %s, %s, 'default', %s, %s, %s, %s)",
            [
                job, made, repository, "prepare" if place == 0 else "program", f"job{place}", state, parent,
                run.carries_from if place == 0 else None, moment,
            ],
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO orchestrator.attempts (job_id, attempt, runner, state, lease_until, finished_at)"
            " VALUES (%s, 1, 'host', %s, now() - interval '1 hour', %s)",
            [job, state, moment],
        )
        await connection.execute(
            "INSERT INTO orchestrator.history (run_id, job_id, attempt, to_state) VALUES (%s, %s, 1, %s)",
            [made, job, state],
        )
        await connection.execute(
            "INSERT INTO orchestrator.annotations (run_id, job_id, attempt, request_id, level, text)"
            " VALUES (%s, %s, 1, 'r', 'notice', 't')",
            [made, job],
        )
        parent = parent or job
    await connection.execute("INSERT INTO orchestrator.run_data (run_id) VALUES (%s)", [made])
    await connection.execute(
        "INSERT INTO orchestrator.data_keys (run_id, key, kind, bytes_used) VALUES (%s, 'k', 'string', 1)", [made]
    )
    return made


@dataclass
class Others:
    """The reporter and logstream, as the orchestrator knows them: what a test says they still need."""

    bus: Bus
    undelivered: set[str] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    asked: list[list[RunId]] = field(default_factory=list)
    #: The reporter reads no events while this is not set.
    reads: asyncio.Event = field(default_factory=asyncio.Event)

    async def list_undelivered(self, request: ListUndelivered, _caller: str) -> NeededRuns:
        self.asked.append(request.run_ids)
        return NeededRuns(run_ids=[run for run in request.run_ids if run in self.undelivered])

    async def list_incomplete(self, request: ListIncompleteLogs, _caller: str) -> NeededRuns:
        return NeededRuns(run_ids=[run for run in request.run_ids if run in self.incomplete])

    async def take_event(self, message: Msg) -> None:
        await self.reads.wait()
        await message.ack()


@asynccontextmanager
async def answering(bus: Bus) -> AsyncGenerator[Others]:
    others = Others(bus)
    others.reads.set()
    await bus.answer(ListUndelivered, others.list_undelivered, "reporter")
    await bus.answer(ListIncompleteLogs, others.list_incomplete, "logstream")
    reading = asyncio.create_task(Puller(bus, RUNS_FOR_REPORTER, others.take_event, 8).run())
    try:
        yield others
    finally:
        others.reads.set()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
