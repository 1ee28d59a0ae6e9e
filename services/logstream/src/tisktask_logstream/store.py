"""Statements about runs, jobs and their logs, one function each; those about keeping logs are in `archive`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg

from tisktask_common.errors import DatabaseError
from tisktask_common.ids import TriggerId
from tisktask_common.lifecycle import JOB_ENDS, JobState
from tisktask_logstream.database import Database
from tisktask_logstream.hook_record import HookRecord
from tisktask_logstream.log_names import LogName
from tisktask_logstream.rows import (
    AnnotationRecord,
    AttemptEnd,
    AttemptRecord,
    Given,
    JobRecord,
    LogFigures,
    Record,
    RepositoryRecord,
    Rerun,
    RetriesRecord,
    RunnerRecord,
    RunRecord,
    ScheduleRecord,
    StartRecord,
    StatusProblem,
)
from tisktask_logstream.trust import RunTrust

_JOB_ENDS = [state.value for state in JOB_ENDS]

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; None means any. `after` is the id of the last run of the page before."""

    repository: str | None = None
    sha: str | None = None
    states: list[str] | None = None
    after: str | None = None
    limit: int = 50


class Store:
    """The database as this service sees it: its own table, and the orchestrator's views in schema `api`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_logs(self, logs: Mapping[LogName, LogFigures]) -> None:
        await self._database.execute_many("save_log", [_log_values(name, figures) for name, figures in logs.items()])

    async def list_incomplete_logs(self) -> list[LogName]:
        rows = await self._database.read("list_incomplete_logs", {})
        return [LogName(row["run"], row["job"], row["attempt"], row["container"]) for row in rows]

    async def list_ended_logs(self, names: Collection[LogName]) -> dict[LogName, int]:
        """Tell how many bytes were stored of those of these logs that had come to their end."""
        rows = await self._database.read("list_ended_logs", {"jobs": [name.job for name in names]})
        found = {LogName(row["run"], row["job"], row["attempt"], row["container"]): row["bytes"] for row in rows}
        return {name: found[name] for name in names if name in found}

    async def get_newest_update(self) -> datetime | None:
        rows = await self._database.read("get_newest_update", {})
        return rows[0]["updated_at"]

    async def get_attempt_runner(self, name: LogName) -> str | None:
        rows = await self._database.read("get_attempt_runner", {"job": name.job, "attempt": name.attempt})
        return rows[0]["runner"] if rows else None

    async def get_attempt_end(self, job: str, attempt: int) -> AttemptEnd | None:
        values = {"job": job, "attempt": attempt, "ends": _JOB_ENDS}
        return _first(await self._database.read("get_attempt_end", values), AttemptEnd)

    async def list_runs(self, wanted: RunFilter) -> list[RunRecord]:
        return _all(await self._database.read("list_runs", asdict(wanted)), RunRecord)

    async def get_runs(self, ids: Sequence[str]) -> list[RunRecord]:
        return _all(await self._database.read("get_runs", {"ids": list(ids)}), RunRecord)

    async def list_jobs_of_runs(self, runs: Sequence[str], each: int) -> list[JobRecord]:
        """List the first `each` jobs of each run, without their summaries."""
        return _all(await self._database.read("list_jobs_of_runs", {"runs": list(runs), "each": each}), JobRecord)

    async def count_jobs_of_runs(self, runs: Sequence[str]) -> dict[str, dict[JobState, int]]:
        rows = await self._database.read("count_jobs_of_runs", {"runs": list(runs)})
        counts: dict[str, dict[JobState, int]] = {run: {} for run in runs}
        for row in rows:
            counts[row["run_id"]][JobState(row["state"])] = row["jobs"]
        return counts

    async def list_summaries(self, run: str, bytes_max: int) -> dict[str, str | None]:
        rows = await self._database.read("list_summaries", {"run": run, "bytes_max": bytes_max})
        return {row["id"]: row["summary"] for row in rows}

    async def list_annotations(self, run: str, limit: int, bytes_max: int) -> list[AnnotationRecord]:
        values = {"run": run, "limit": limit, "bytes_max": bytes_max}
        return _all(await self._database.read("list_annotations", values), AnnotationRecord)

    async def count_annotations(self, run: str) -> int:
        return (await self._database.read("count_annotations", {"run": run}))[0]["annotations"]

    async def list_status_problems(self, run: str, limit: int) -> list[StatusProblem]:
        # No reporter may have been started yet.
        return _all(await self._read_if_there("list_status_problems", {"run": run, "limit": limit}), StatusProblem)

    async def get_run_trust(self, run: str) -> RunTrust | None:
        """Read how a run was vetted; None: it was not."""
        return _first(await self._read_if_there("get_run_trust", {"run": run}), RunTrust)

    async def find_triggers(self, name: str) -> list[TriggerId]:
        return [TriggerId(row["trigger_id"]) for row in await self._database.read("find_triggers", {"id": name})]

    async def list_reruns(self, run: str, limit: int) -> list[Rerun]:
        return _all(await self._database.read("list_reruns", {"run": run, "limit": limit}), Rerun)

    async def count_reruns(self, run: str) -> int:
        return (await self._database.read("count_reruns", {"run": run}))[0]["reruns"]

    async def get_jobs(self, ids: Sequence[str]) -> list[JobRecord]:
        return _all(await self._database.read("get_jobs", {"ids": list(ids)}), JobRecord)

    async def holds_attempt(self, job: str, attempt: int, runner: str) -> str | None:
        """Name the run that this attempt belongs to, if the runner host has it at work."""
        rows = await self._database.read("holds_attempt", {"job": job, "attempt": attempt, "runner": runner})
        return rows[0]["run_id"] if rows else None

    async def list_attempts(self, job: str) -> list[AttemptRecord]:
        return _all(await self._database.read("list_attempts", {"job": job}), AttemptRecord)

    async def get_retries(self, job: str) -> RetriesRecord | None:
        """Read when a job is tried again; None: never."""
        return _first(await self._database.read("get_retries", {"job": job}), RetriesRecord)

    async def get_stop(self, job: str) -> str | None:
        """Read as what a job is to end that was told to, and has not yet; None: it was not."""
        rows = await self._database.read("get_stop", {"job": job})
        return rows[0]["stop_state"] if rows else None

    async def list_repositories(self) -> list[RepositoryRecord]:
        policies = await self._list_fork_policies(None)
        rows = await self._database.read("list_repositories", {})
        return _all([row | policies.get(row["id"], {}) for row in rows], RepositoryRecord)

    async def get_repository(self, repository: str) -> RepositoryRecord | None:
        policies = await self._list_fork_policies(repository)
        rows = await self._database.read("get_repository", {"id": repository})
        return _first([row | policies.get(row["id"], {}) for row in rows], RepositoryRecord)

    async def get_repository_hook(self, repository: str) -> HookRecord | None:
        """Read what is known of a webhook; an older orchestrator knows nothing of it."""
        return _first(await self._read_if_there("get_repository_hook", {"repository": repository}), HookRecord)

    async def list_refused_statuses(self, repository: str, limit: int) -> list[StatusProblem]:
        """List the newest statuses that the forge does not show."""
        values = {"repository": repository, "limit": limit}
        return _all(await self._read_if_there("list_refused_statuses", values), StatusProblem)

    async def list_schedules(self, repository: str | None = None) -> list[ScheduleRecord]:
        return _all(await self._database.read("list_schedules", {"repository": repository}), ScheduleRecord)

    async def list_starts(self, repository: str, limit: int) -> list[StartRecord]:
        return _all(await self._database.read("list_starts", {"repository": repository, "limit": limit}), StartRecord)

    async def get_start(self, start: str) -> StartRecord | None:
        return _first(await self._database.read("get_start", {"id": start}), StartRecord)

    async def get_given(self, run: str) -> Given:
        return _first(await self._database.read("get_given", {"run": run}), Given) or Given()

    async def list_runners(self) -> list[RunnerRecord]:
        return _all(await self._database.read("list_runners", {}), RunnerRecord)

    async def _list_fork_policies(self, repository: str | None) -> dict[str, dict[str, Any]]:
        rows = await self._read_if_there("list_fork_policies", {"repository": repository})
        return {row["repository_id"]: {"forks": row["forks"]} for row in rows}

    async def _read_if_there(self, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read from a view that another service makes when it begins: as long as there is none, nothing is in it."""
        try:
            return await self._database.read(statement, values)
        except DatabaseError as error:
            if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
                return []
            raise


def _all(rows: list[dict[str, Any]], kind: type[RecordT]) -> list[RecordT]:
    return [kind.model_validate(row) for row in rows]


def _first(rows: list[dict[str, Any]], kind: type[RecordT]) -> RecordT | None:
    return kind.model_validate(rows[0]) if rows else None


def _log_values(name: LogName, figures: LogFigures) -> dict[str, Any]:
    return {**asdict(name), **asdict(figures)}
