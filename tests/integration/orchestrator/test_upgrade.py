"""The database of the previous release is brought to this version while that one still writes: nothing is lost."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from nats_server import NatsServer, free_port
from orchestrator_stage import MASTER_KEY, Stage, TestRunner, eventually, make_settings
from previous_orchestrator import NEWEST, OLD_HOST, PreviousOrchestrator, make_released_schema
from tisktask_common.bus.connection import Bus
from tisktask_common.database.migrate import load_migrations
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, JobState
from tisktask_common.rpc import AttemptRef

from .test_process import started, status

#: What the previous release kept, and its columns: all of it is there afterwards.
TABLES = [
    "repositories",
    "triggers",
    "runs",
    "jobs",
    "attempts",
    "history",
    "hosts",
    "run_data",
    "data_keys",
    "data_items",
    "locks",
    "annotations",
]
Rows = list[dict[str, Any]]


@pytest.fixture
async def previous(empty_database_url: str) -> AsyncIterator[PreviousOrchestrator]:
    await make_released_schema(empty_database_url)
    previous = await PreviousOrchestrator.open(empty_database_url)
    for name in ("octo/one", "octo/two"):
        await previous.add_repository(name)
    await previous.host()
    yield previous
    await previous.connection.close()


async def make_runs_in_every_state(previous: PreviousOrchestrator) -> None:
    repository = previous.repositories[0]
    await previous.trigger(repository)
    await previous.claim(await previous.trigger(repository))
    preparing = await previous.trigger(repository)
    await previous.claim(preparing)
    await previous.begin(preparing)
    for state in sorted(JOB_ENDS - {JobState.SUCCEEDED, JobState.SKIPPED}):
        job = await previous.trigger(repository)
        await previous.claim(job)
        await previous.end(job, state)
    programs = await previous.prepare(await previous.trigger(repository), "queued", "starting", "running", "ended")
    by_name = {program["name"]: program for program in programs}
    for name in ("starting", "running", "ended"):
        await previous.claim(by_name[name])
    await previous.begin(by_name["running"])
    await previous.end(by_name["ended"], JobState.SUCCEEDED)
    await keep_data(previous, by_name["running"])
    chance = random.Random(5)
    for _ in range(20):
        await previous.work_on(chance)


async def keep_data(previous: PreviousOrchestrator, job: dict[str, Any]) -> None:
    """What a job has said and stored: data of its run, a lock, a remark."""
    values = {"run": job["run_id"], "job": job["id"], "repository": previous.repositories[0]}
    for statement in (
        "INSERT INTO orchestrator.run_data (run_id, bytes_used, keys_used) VALUES (%(run)s, 40, 2)",
        "INSERT INTO orchestrator.data_keys (run_id, key, kind, value, bytes_used) VALUES (%(run)s, 'k', 'string', 'v', 20)",
        "INSERT INTO orchestrator.data_keys (run_id, key, kind, bytes_used, end_position) VALUES (%(run)s, 'l', 'list', 20, 1)",
        "INSERT INTO orchestrator.data_items (run_id, key, position, value) VALUES (%(run)s, 'l', 0, 'item')",
        "INSERT INTO orchestrator.locks (repository_id, name, job_id, attempt) VALUES (%(repository)s, 'deploy', %(job)s, 1)",
        "INSERT INTO orchestrator.annotations (run_id, job_id, attempt, request_id, level, text) VALUES (%(run)s, %(job)s, 1, 'r', 'notice', 't')",
    ):
        await previous.connection.execute(statement, values)


async def read_all(database_url: str, columns: dict[str, str] | None = None) -> tuple[dict[str, str], dict[str, Rows]]:
    """Read the tables, in the columns that are given or all."""
    found: dict[str, Rows] = {}
    columns = dict(columns or {})
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        for table in TABLES:
            if table not in columns:
                cursor = await connection.execute(f"SELECT * FROM orchestrator.{table} LIMIT 0")  # type: ignore[arg-type]
                columns[table] = ", ".join(column.name for column in cursor.description or [])
            query = f"SELECT {columns[table]} FROM orchestrator.{table} ORDER BY 1, 2"
            found[table] = await (await connection.execute(query)).fetchall()  # type: ignore[arg-type]
    return columns, found


def environment(nats: NatsServer, database_url: str) -> dict[str, str]:
    return {
        "TISKTASK_MASTER_KEY": MASTER_KEY,
        "TISKTASK_DATABASE_URL": database_url,
        "TISKTASK_NATS_URL": nats.url,
        "TISKTASK_NATS_USER": "orchestrator",
    }


async def test_two_orchestrators_take_over_while_the_previous_release_still_writes_and_one_is_killed_in_a_migration(
    bus: Bus, nats_server: NatsServer, empty_database_url: str, previous: PreviousOrchestrator
) -> None:
    await make_runs_in_every_state(previous)
    columns, before = await read_all(empty_database_url)
    is_over = asyncio.Event()
    writers = [await PreviousOrchestrator.open(empty_database_url) for _ in range(3)]
    for writer in writers:
        writer.repositories = previous.repositories
    writing = [asyncio.create_task(writer.work_until(is_over)) for writer in writers]
    settings = environment(nats_server, empty_database_url)
    stage = Stage(bus, nats_server.url, empty_database_url, make_settings(nats_server.url, empty_database_url))

    await kill_one_within_a_migration(stage, settings)
    async with AsyncExitStack() as processes:
        ports = [free_port(), free_port()]
        for port in ports:
            await processes.enter_async_context(started(port, **settings))

        async def are_ready() -> bool:
            return [await status(port, "/readyz") for port in ports] == [200, 200]

        await eventually(are_ready, "both are ready")
        done_before = [writer.deliveries for writer in writers]

        async def old_ones_went_on() -> bool:
            return all(writer.deliveries > done + 3 for writer, done in zip(writers, done_before, strict=True))

        await eventually(old_ones_went_on, "the previous release goes on beside this one")
        is_over.set()
        assert min(await asyncio.gather(*writing)) > 0
        for writer in writers:
            await writer.connection.close()
        await finish(stage)
        await stage.wait_for_empty_outbox()
    await check(stage, columns, before)


async def kill_one_within_a_migration(stage: Stage, settings: dict[str, str]) -> None:
    """Hold a migration up by somebody who reads, and kill its process meanwhile."""
    async with await psycopg.AsyncConnection.connect(stage.database_url) as reading:
        await reading.execute("LOCK TABLE orchestrator.jobs IN ACCESS SHARE MODE")
        async with started(free_port(), **settings) as process:

            async def waits() -> Rows:
                return await stage.rows(
                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%ALTER TABLE jobs%%'"
                    " AND datname = current_database()"
                )

            await eventually(waits, "the migration waits for the reader")
            process.kill()
            await process.wait()
        names = [row["name"] for row in await stage.rows("SELECT name FROM orchestrator.migrations ORDER BY name")]
        assert names[-1] == NEWEST


async def finish(stage: Stage) -> None:
    """Do what the runners would do, through this version's requests, until every run has ended."""
    hosts = {name: await stage.runner(name) for name in (OLD_HOST, "new")}
    try:

        async def is_over() -> bool:
            for job in await stage.rows(
                "SELECT id, kind, state, attempt, runner FROM api.jobs WHERE finished_at IS NULL"
            ):
                await bring_on(hosts, job)
            return not await stage.rows("SELECT id FROM api.runs WHERE finished_at IS NULL")

        await eventually(is_over, "all runs have ended")
    finally:
        for host in hosts.values():
            await host.bus.close()


async def bring_on(hosts: dict[str, TestRunner], job: dict[str, Any]) -> None:
    work = AttemptRef(job_id=job["id"], attempt=job["attempt"])
    host = hosts[job["runner"] or "new"]
    if job["state"] == "queued":
        assert (await host.claim(work)).granted
        assert (await host.began(work)).accepted
    assert (await host.heartbeat(work)).fenced == []
    found = {"prepared": {"programs": [{"name": "late", "path": "p"}]}} if job["kind"] == "prepare" else {}
    assert (await host.ended(work, JobState.SUCCEEDED, **found)).accepted


async def check(stage: Stage, columns: dict[str, str], before: dict[str, Rows]) -> None:
    names = [row["name"] for row in await stage.rows("SELECT name FROM orchestrator.migrations ORDER BY name")]
    assert names == [migration.name for migration in load_migrations("tisktask_orchestrator")]
    _, after = await read_all(stage.database_url, columns)
    for table in ("repositories", "runs", "jobs"):
        kept = {row["id"]: row for row in after[table]}
        for row in before[table]:
            if row.get("finished_at"):
                assert kept[row["id"]] == row
            else:
                assert row["id"] in kept
    for table in ("triggers", "history", "run_data", "data_keys", "data_items", "annotations"):
        assert [row for row in before[table] if row not in after[table]] == [], table
    runs = await stage.rows("SELECT id, state, revision FROM api.runs")
    assert {run["state"] for run in runs} <= {str(state) for state in RUN_ENDS}
    revisions: dict[RunId, list[int]] = {run["id"]: [] for run in runs}
    for event in await stage.events():
        if run := getattr(event, "run_id", None):
            revisions[run].append(event.revision)  # type: ignore[union-attr]
    for run in runs:
        assert revisions[run["id"]] == list(range(1, run["revision"] + 1))
