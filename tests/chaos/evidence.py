"""What the stack has recorded: rows of its database, stored logs, and what the forge was told."""

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from project import Project
from stack import Stack
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.postgres import database_url

_RUNS = """
SELECT run.id, run.number, run.sha,
    -- Of a run that was found without its webhook: the one that came late for it.
    coalesce(
        (SELECT late.delivery FROM orchestrator.triggers AS late WHERE late.same_as = run.trigger_id), run.delivery
    ) AS delivery,
    run.state, run.reason, again.rerun_of, (
    SELECT count(*) FROM orchestrator.history
    WHERE run_id = run.id AND job_id IS NULL AND to_state = ANY(%(ends)s)
) AS ends
FROM api.runs AS run LEFT JOIN api.reruns AS again ON again.run_id = run.id
WHERE run.repository = %(repository)s ORDER BY run.number
"""
_JOBS = """
SELECT job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.exit_code, job.attempt, job.result,
    job.parent_job_id AS parent, carried.carried_from, extract(epoch FROM job.finished_at)::float AS finished_at,
    (SELECT count(*) FROM orchestrator.history WHERE job_id = job.id AND to_state = ANY(%(ends)s)) AS ends
FROM api.jobs AS job JOIN api.runs AS run ON run.id = job.run_id
LEFT JOIN api.carried_jobs AS carried ON carried.job_id = job.id
WHERE run.repository = %(repository)s
"""
_ATTEMPTS = """
SELECT attempt.job_id, attempt.attempt, attempt.state, attempt.reason, attempt.exit_code, attempt.started_at IS NOT NULL AS has_begun,
    extract(epoch FROM attempt.finished_at)::float AS finished_at
FROM api.attempts AS attempt JOIN api.jobs AS job ON job.id = attempt.job_id
JOIN api.runs AS run ON run.id = job.run_id WHERE run.repository = %(repository)s
"""
_ENDS = ["succeeded", "failed", "errored", "cancelled", "timed_out", "skipped"]


@dataclass(frozen=True)
class RunRow:
    id: str
    number: int
    sha: str
    delivery: str
    state: str
    reason: str
    rerun_of: str | None
    #: How often it has come to a final state.
    ends: int


@dataclass(frozen=True)
class JobRow:
    id: str
    run_id: str
    kind: str
    name: str
    state: str
    reason: str
    exit_code: int | None
    attempt: int
    result: str | None
    parent: str | None
    #: The job that has really run, if this one was taken over from an older run.
    carried_from: str | None
    finished_at: float | None
    ends: int

    def __str__(self) -> str:
        return f"{self.name} {self.id}.{self.attempt} of {self.run_id} ({self.state}: {self.reason!r})"


@dataclass(frozen=True)
class AttemptRow:
    job_id: str
    attempt: int
    state: str
    reason: str
    exit_code: int | None
    has_begun: bool
    finished_at: float | None


@dataclass(frozen=True)
class Evidence:
    """All that the checks look at."""

    runs: list[RunRow]
    jobs: list[JobRow]
    attempts: list[AttemptRow]
    #: By job and attempt.
    logs: dict[tuple[str, int], bytes]
    #: Of containers beside jobs: by job, attempt and name.
    container_logs: dict[tuple[str, int, str], bytes]
    #: By sha and context: what people see on the forge.
    statuses: dict[tuple[str, str], str]


def gather(project: Project) -> Evidence:
    """Read everything; the stack has settled."""
    values: dict[str, Any] = {"repository": project.full_name, "ends": _ENDS}
    with connect(project.stack) as connection:
        runs = connection.cursor(row_factory=class_row(RunRow)).execute(_RUNS, values).fetchall()
        jobs = connection.cursor(row_factory=class_row(JobRow)).execute(_JOBS, values).fetchall()
        attempts = connection.cursor(row_factory=class_row(AttemptRow)).execute(_ATTEMPTS, values).fetchall()
    stack = project.stack
    logs = {(one.job_id, one.attempt): stack.raw(f"/jobs/{one.job_id}/log?attempt={one.attempt}") for one in attempts}
    logs |= {(job.id, job.attempt): stack.raw(f"/jobs/{job.id}/log") for job in jobs}
    shown = {
        (run.sha, context): status.state
        for run in runs
        for context, status in project.forge.state.shown(project.full_name, run.sha).items()
    }
    return Evidence(runs, jobs, attempts, logs, _container_logs(stack, jobs), shown)


def _container_logs(stack: Stack, jobs: list[JobRow]) -> dict[tuple[str, int, str], bytes]:
    found: dict[tuple[str, int, str], bytes] = {}
    for job in (job for job in jobs if job.kind == "program"):
        for one in stack.api(f"/jobs/{job.id}")["containers"]:
            place = f"/jobs/{job.id}/log?attempt={one['attempt']}&container={one['name']}"
            found[job.id, one["attempt"], one["name"]] = stack.raw(place)
    return found


def connect(stack: Stack) -> psycopg.Connection[Any]:
    url = database_url(Layout.of(stack.data).postgres_sockets)
    return psycopg.connect(url, autocommit=True, connect_timeout=5)


def count(stack: Stack, statement: LiteralString) -> int:
    with connect(stack) as connection:
        row = connection.execute(statement).fetchone()
        assert row is not None
        return int(row[0])
