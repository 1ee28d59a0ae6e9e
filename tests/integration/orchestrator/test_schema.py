"""The schema: its states are those of the lifecycle, its views keep their promise, its hot queries use indexes."""

import re
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

import psycopg
import pytest

from orchestrator_stage import make_settings
from tisktask_common.database.migrate import drop_schema
from tisktask_common.database.pool import Connection
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_common.starts import Overlap, StartState
from tisktask_orchestrator.repositories.rules import FORGES
from tisktask_orchestrator.schema import SCHEMA
from tisktask_orchestrator.service import prepare_schema
from tisktask_orchestrator.store.statements import STATEMENTS


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[Connection]:
    await prepare_schema(make_settings("", empty_database_url))
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        yield connection


async def rows(connection: Connection, query: Any, *values: Any) -> list[Any]:
    return await (await connection.execute(query, values)).fetchall()


@pytest.mark.parametrize(
    ("table", "column", "allowed"),
    [
        ("runs", "state", set(RunState)),
        ("jobs", "state", set(JobState)),
        ("jobs", "kind", set(JobKind)),
        ("attempts", "state", set(JobState) - {JobState.QUEUED, JobState.SKIPPED}),
        ("repositories", "forge", set(FORGES)),
        ("starts", "state", set(StartState)),
        ("schedules", "overlap", set(Overlap)),
        ("jobs", "stop_state", {JobState.CANCELLED, JobState.TIMED_OUT}),
        ("runs", "stop_state", {RunState.CANCELLED, RunState.TIMED_OUT, RunState.FAILED}),
    ],
)
async def test_a_column_allows_what_the_program_knows(
    connection: Connection, table: str, column: str, allowed: set[StrEnum | str]
) -> None:
    ((definition,),) = await rows(
        connection,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
        f"{table}_{column}_check",
    )
    assert set(re.findall(r"'(\w+)'::text", definition)) == {str(one) for one in allowed}


VIEWS = {
    "repositories": "id forge full_name clone_url api_url has_token has_webhook_secret created_at supersede_pull_requests supersede_branches jobs_max priority reconcile",
    "looks": "repository_id seen_at default_ref error failed_at is_wanted next_at pulls_error deliveries_error",
    "runs": "id number repository_id forge repository event action sha ref branch tag pull_request actor title trigger_id"
    " delivery state reason warnings revision cancel_requested_at created_at started_at finished_at",
    "jobs": "id run_id kind name path state reason exit_code signal out_of_memory attempt runner parent_job_id created_at"
    " queued_at started_at finished_at title status_text summary result labels has_status may_fail is_detached arguments"
    " shell",
    "reruns": "run_id number rerun_of rerun_of_number",
    "starts": "id repository_id repository event action ref sha actor inputs schedule scheduled_at state reason run_id"
    " run_number run_state wanted_at ended_at",
    "schedules": "id repository_id name cron time_zone ref inputs overlap is_paused next_at last_due_at skipped created_at"
    " changed_at last_start_id",
    "given": "run_id inputs schedule scheduled_at",
    "carried_jobs": "job_id carried_from carried_from_run",
    "attempts": "job_id attempt runner state reason exit_code signal out_of_memory claimed_at started_at finished_at",
    "runners": "runner replica pool slots busy is_draining version engine last_seen_at is_alive labels waiting",
}


@pytest.mark.parametrize("view", VIEWS)
async def test_a_view_has_the_columns_that_others_read(connection: Connection, view: str) -> None:
    found = await rows(
        connection,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'api' AND table_name = %s"
        " ORDER BY ordinal_position",
        view,
    )
    assert " ".join(name for (name,) in found) == VIEWS[view]


async def test_a_schema_that_was_dropped_can_be_made_again(connection: Connection, empty_database_url: str) -> None:
    await drop_schema(connection, SCHEMA)
    await prepare_schema(make_settings("", empty_database_url))
    assert await rows(connection, "SELECT id FROM api.runs") == []


async def fill(connection: Connection) -> None:
    """Ten thousand finished runs, and a few that are not."""
    await connection.execute(
        "INSERT INTO orchestrator.repositories (id, forge, full_name, clone_url)"
        " SELECT 'repo_' || n, 'github', 'octo/r' || n, 'https://x' FROM generate_series(1, 50) AS n"
    )
    await connection.execute(
        "INSERT INTO orchestrator.triggers (id, repository_id, delivery, received_at)"
        " SELECT 'trg_' || n, 'repo_' || (n %% 50 + 1), n::text, now() FROM generate_series(1, 10000) AS n",
        (),
    )
    await connection.execute(
        "INSERT INTO orchestrator.runs (id, number, repository_id, trigger_id, state, change, finished_at)"
        " SELECT 'run_' || lpad(n::text, 6, '0'), n, 'repo_' || (n %% 50 + 1), 'trg_' || n, 'succeeded',"
        " jsonb_build_object('sha', md5(n::text)), CASE WHEN n < 9990 THEN now() END FROM generate_series(1, 10000) AS n",
        (),
    )
    await connection.execute(
        "INSERT INTO orchestrator.jobs (id, run_id, repository_id, kind, name, pool, state, dispatched_at, finished_at)"
        " SELECT 'job_' || lpad(n::text, 6, '0'), 'run_' || lpad(n::text, 6, '0'), 'repo_' || (n %% 50 + 1), 'program',"
        " 'build', 'default', CASE WHEN n < 9990 THEN 'succeeded' ELSE 'queued' END,"
        " CASE WHEN n < 9995 THEN now() END, CASE WHEN n < 9990 THEN now() END FROM generate_series(1, 10000) AS n",
        (),
    )
    await connection.execute(
        "INSERT INTO orchestrator.attempts (job_id, attempt, runner, state, lease_until, finished_at)"
        " SELECT 'job_' || lpad(n::text, 6, '0'), 1, 'host', 'succeeded', now(), CASE WHEN n < 9990 THEN now() END"
        " FROM generate_series(1, 10000) AS n"
    )
    await connection.execute(
        "INSERT INTO orchestrator.outbox (lane, subject, message_id, data)"
        " SELECT 'lane', 's', n::text, '' FROM generate_series(1, 10000) AS n"
    )
    await connection.execute(
        "INSERT INTO orchestrator.schedules (id, repository_id, name, cron, time_zone, overlap, next_at)"
        " SELECT 'sched_' || n, 'repo_' || (n %% 50 + 1), n::text, '0 0 * * *', 'UTC', 'skip', now() + n * interval '1 min'"
        " FROM generate_series(1, 2500) AS n",
        (),
    )
    await connection.execute(
        "INSERT INTO orchestrator.starts (id, repository_id, delivery, schedule_id, event, state, run_id, ended_at)"
        " SELECT 'start_' || n, 'repo_' || (n %% 50 + 1), n::text, 'sched_' || (n %% 2500 + 1), 'schedule', 'started',"
        " 'run_' || lpad(n::text, 6, '0'), now() FROM generate_series(1, 10000) AS n",
        (),
    )
    await connection.execute("INSERT INTO orchestrator.hosts (runner) VALUES ('host')")
    await connection.execute("ANALYZE")


HOT = {
    "lock_run": {"run_id": "run_000001"},
    "lock_run_of_job": {"job_id": "job_000001"},
    "list_unfinished_jobs": {"run_id": "run_000001"},
    "count_jobs": {"run_id": "run_000001"},
    "list_attached_jobs": {"job_id": "job_000001"},
    "read_conclusion": {"job_id": "job_000001"},
    "read_authority": {"job_id": "job_000001", "attempt": 1, "runner": "host"},
    "read_spawned_before": {"parent": "job_000001", "request_id": "r", "key": "k"},
    "read_spawn_room": {"run_id": "run_000001", "name": "lint"},
    "list_roots": {"run_id": "run_000001"},
    "list_programs": {"run_id": "run_000001", "targets": ["job_000001"], "after": "", "count": 10},
    "list_runners_of_run": {"run_id": "run_000001"},
    "read_attempt": {"job_id": "job_000001", "attempt": 1},
    "list_lost_attempts": {},
    "list_overdue_attempts": {},
    "list_ignored_stops": {"patience_seconds": 25},
    "list_overdue_runs": {"run_seconds_max": 60},
    "dispatch_jobs": {"pool": "default", "jobs_per_slot": 2},
    "redispatch_jobs": {"pool": "default", "unclaimed_seconds": 30},
    "offer_jobs": {"pool": "default", "labels": ["gpu"], "jobs_max": 4, "unclaimed_seconds": 30},
    "list_due_jobs": {"pool": "default", "labels": ["gpu"], "jobs_max": 4},
    "list_hosts_for_run": {"run_id": "run_000001"},
    "extend_leases": {"runner": "host", "jobs": ["job_000001"], "attempts": [1], "lease_seconds": 15},
    "read_job_plan": {"job_id": "job_000001"},
    "count_unfinished": {},
    "lock_waiting_starts": {"repository_id": "repo_1", "before": "2026-01-01"},
    "list_waiting_repositories": {},
    "lock_overdue_starts": {"seconds_max": 600},
    "list_due_schedules": {"now": "2026-01-01", "count": 200},
    "read_unfinished_start": {"schedule_id": "sched_1"},
    "read_given": {"trigger_id": "trg_1"},
    "list_outbox": {"on_their_way": [1], "waiting_lanes": ["a"], "count": 100},
}
#: What logstream asks of the views.
READS = {
    "newest runs": "SELECT id, state FROM api.runs ORDER BY id DESC LIMIT 50",
    "runs of a commit": "SELECT id, state FROM api.runs WHERE sha = 'x' ORDER BY id DESC LIMIT 50",
    "runs of a repository": "SELECT id FROM api.runs WHERE repository_id = 'repo_1' ORDER BY id DESC LIMIT 50",
    "jobs of a run": "SELECT id, state FROM api.jobs WHERE run_id = 'run_000001' ORDER BY id",
    "runs with what they repeat": "SELECT id, rerun_of FROM api.runs"
    " LEFT JOIN (SELECT run_id, rerun_of FROM api.reruns) AS reruns ON reruns.run_id = runs.id"
    " ORDER BY id DESC LIMIT 50",
    "reruns of a run": "SELECT run_id, number FROM api.reruns WHERE rerun_of = 'run_000001' ORDER BY number",
    "jobs with where they ran": "SELECT id, carried_from FROM api.jobs"
    " LEFT JOIN api.carried_jobs ON carried_jobs.job_id = jobs.id WHERE run_id = 'run_000001'",
    "what a run was given": "SELECT inputs FROM api.given WHERE run_id = 'run_000001'",
    "a wanted run": "SELECT state, run_number FROM api.starts WHERE id = 'start_1'",
    "wanted runs": "SELECT id, run_state FROM api.starts WHERE repository_id = 'repo_1' ORDER BY id DESC LIMIT 20",
    "attempts of a job": "SELECT attempt, state FROM api.attempts WHERE job_id = 'job_000001'",
}
BIG = re.compile(r"Seq Scan on (runs|jobs|attempts|triggers|history|outbox|starts|schedules)\b")


async def test_hot_statements_use_indexes(connection: Connection) -> None:
    await fill(connection)
    for name, values in HOT.items():
        plan = await (await connection.execute("EXPLAIN " + STATEMENTS[name], values)).fetchall()
        text = "\n".join(line for (line,) in plan)
        # Counting the outbox reads it, whatever its size: it is nearly empty unless the bus is away.
        text = text.replace("Seq Scan on outbox", "") if name == "count_unfinished" else text
        assert not BIG.search(text), f"{name}:\n{text}"
    for name, query in READS.items():
        plan = await rows(connection, f"EXPLAIN {query}")
        text = "\n".join(line for (line,) in plan)
        assert not BIG.search(text), f"{name}:\n{text}"


async def test_every_statement_says_its_purpose_and_lists_its_columns() -> None:
    for name, statement in STATEMENTS.items():
        assert statement.startswith("-- "), name
        assert not re.search(r"SELECT\s+\*", statement), name
