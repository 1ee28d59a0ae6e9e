"""The orchestrator's views as tables, for tests that say themselves what is in them."""

import contextlib
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from logstream_chunks import RUNNER
from tisktask_common.events import Change, Repository, RunStarted
from tisktask_common.ids import RepositoryId, RunId, new_job_id, new_repository_id, new_run_id
from tisktask_common.lifecycle import RunState

_TABLES: LiteralString = """
CREATE SCHEMA api;
CREATE TABLE api.repositories (id text, forge text, full_name text, clone_url text, api_url text, has_token boolean,
    has_webhook_secret boolean, created_at timestamptz DEFAULT now(), supersede_pull_requests boolean DEFAULT true,
    supersede_branches boolean DEFAULT false, jobs_max integer, priority integer DEFAULT 0,
    reconcile boolean DEFAULT true);
CREATE TABLE api.looks (repository_id text, seen_at timestamptz, error text DEFAULT '', pulls_error text DEFAULT '',
    deliveries_error text DEFAULT '');
CREATE TABLE api.repository_reporting (repository_id text, app_id text, has_comment boolean);
CREATE TABLE api.runs (id text, number bigint, repository_id text, forge text, repository text, event text,
    action text, sha text, ref text, branch text, tag text, pull_request bigint, actor text, title text,
    trigger_id text, delivery text, state text, reason text DEFAULT '', warnings text[] DEFAULT '{}',
    revision bigint DEFAULT 1, cancel_requested_at timestamptz, created_at timestamptz DEFAULT now(),
    started_at timestamptz, finished_at timestamptz);
CREATE TABLE api.jobs (id text, run_id text, kind text, name text, path text, state text, reason text DEFAULT '',
    exit_code integer, signal integer, out_of_memory boolean DEFAULT false, attempt integer DEFAULT 1, runner text,
    parent_job_id text, created_at timestamptz DEFAULT now(), queued_at timestamptz, started_at timestamptz,
    finished_at timestamptz, title text DEFAULT '', status_text text DEFAULT '', summary text DEFAULT '', result text,
    labels text[] DEFAULT '{}', has_status boolean DEFAULT true, may_fail boolean DEFAULT false,
    is_detached boolean DEFAULT false, arguments text[] DEFAULT '{}', shell text);
CREATE INDEX ON api.jobs (run_id);
CREATE TABLE api.reruns (run_id text, number bigint, rerun_of text, rerun_of_number bigint);
CREATE TABLE api.carried_jobs (job_id text, carried_from text, carried_from_run text);
CREATE TABLE api.given (run_id text, inputs jsonb DEFAULT '{}', schedule text DEFAULT '', scheduled_at timestamptz);
CREATE TABLE api.starts (id text, repository_id text, repository text, event text DEFAULT 'manual', action text, ref text,
    sha text, actor text DEFAULT '', inputs jsonb DEFAULT '{}', schedule text DEFAULT '', scheduled_at timestamptz,
    state text DEFAULT 'waiting', reason text DEFAULT '', run_id text, run_number bigint, run_state text,
    wanted_at timestamptz DEFAULT now(), ended_at timestamptz);
CREATE TABLE api.schedules (id text, repository_id text, name text, cron text DEFAULT '0 3 * * *',
    time_zone text DEFAULT 'UTC', ref text, inputs jsonb DEFAULT '{}', overlap text DEFAULT 'skip',
    is_paused boolean DEFAULT false, next_at timestamptz, last_due_at timestamptz, skipped text DEFAULT '',
    created_at timestamptz DEFAULT now(), changed_at timestamptz DEFAULT now(), last_start_id text);
CREATE TABLE api.annotations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id text, job_id text,
    attempt integer DEFAULT 1, level text DEFAULT 'notice', file text, line integer, text text,
    created_at timestamptz DEFAULT now());
CREATE TABLE api.attempts (job_id text, attempt integer, runner text, state text, reason text DEFAULT '',
    exit_code integer, signal integer, out_of_memory boolean DEFAULT false, claimed_at timestamptz DEFAULT now(),
    started_at timestamptz, finished_at timestamptz);
CREATE TABLE api.retries (job_id text, retries integer, retry_on_lost boolean DEFAULT false,
    retry_codes integer[] DEFAULT '{}', retries_used integer DEFAULT 0,
    not_before timestamptz DEFAULT '-infinity');
CREATE TABLE api.stopping_jobs (job_id text, stop_state text);
CREATE TABLE api.runners (runner text, replica text, pool text, slots integer, busy integer, is_draining boolean,
    version text, engine text, last_seen_at timestamptz, is_alive boolean,
    labels text[] DEFAULT '{}', waiting integer DEFAULT 0);
CREATE TABLE api.retention (repository_id text, keep_days integer, keep_min integer, keep_max integer);
CREATE TABLE api.run_trust (run_id text, is_restricted boolean DEFAULT true, why text, state text DEFAULT 'waiting',
    programs text[] DEFAULT '{}', programs_tree text DEFAULT '', changes_programs boolean,
    held_at timestamptz DEFAULT now(), decided_by text, decided_at timestamptz, note text DEFAULT '');
CREATE TABLE api.repository_trust (repository_id text, forks text);
CREATE TABLE api.paused_runners (runner text, replica text, has_paused boolean);
CREATE TABLE api.runner_problems (runner text, replica text, problem text);
"""


@dataclass
class Records:
    """Rows of a database of the test's own."""

    url: str

    def prepare(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_TABLES)

    def insert(self, table: str, **values: Any) -> None:
        statement = sql.SQL("INSERT INTO api.{} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(",").join(map(sql.Identifier, values)),
            sql.SQL(",").join(sql.Placeholder() * len(values)),
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement, list(values.values()))

    def execute(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            with contextlib.suppress(psycopg.ProgrammingError):
                return cursor.fetchall()
            return []

    def add_repository(self, full_name: str = "acme/shop", **values: Any) -> str:
        repository = new_repository_id()
        shown = {"forge": "forgejo", "clone_url": f"https://forge.example/{full_name}.git", "api_url": ""}
        flags = {"has_token": True, "has_webhook_secret": True}
        self.insert("repositories", **{"id": repository, "full_name": full_name, **shown, **flags, **values})
        return repository

    def add_run(self, repository: str = "acme/shop", **values: Any) -> str:
        run = new_run_id()
        shown = {
            "number": 1, "repository_id": "repo_1", "forge": "forgejo", "event": "push", "sha": "ab" * 20,
            "ref": "refs/heads/main", "branch": "main", "actor": "ada", "title": "Make it so", "state": "running",
            "trigger_id": f"trg_{run}", "delivery": f"delivery-{run}",
        }  # fmt: skip
        self.insert("runs", **{"id": run, "repository": repository, **shown, **values})
        return run

    def add_job(self, run: str, name: str = "build", *, runner: str | None = RUNNER, **values: Any) -> str:
        """Add a job, and its first attempt if a runner has it."""
        job = new_job_id()
        shown = {"kind": "program", "path": f".tisktask/push/{name}", "state": "running", "runner": runner}
        self.insert("jobs", **{"id": job, "run_id": run, "name": name, **shown, **values})
        if runner:
            self.insert("attempts", job_id=job, attempt=values.get("attempt", 1), runner=runner, state="running")
        return job

    def annotate(self, run: str, job: str, text: str, **values: Any) -> None:
        self.insert("annotations", **{"run_id": run, "job_id": job, "text": text, **values})


def run_event(run: str, repository: str = "acme/shop") -> RunStarted:
    """The event that the orchestrator publishes after a change of a run."""
    return RunStarted(
        run_id=RunId(run),
        number=1,
        revision=2,
        repository=Repository(id=RepositoryId("repo_1"), forge="forgejo", full_name=repository),
        change=Change(event="push", sha="ab" * 20, ref="refs/heads/main"),
        state=RunState.RUNNING,
    )
