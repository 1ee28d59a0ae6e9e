"""Runs with their jobs, put together from the orchestrator's views."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import Field

from tisktask_common.errors import NotFoundError
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobKind
from tisktask_logstream import words
from tisktask_logstream.log_names import LogName
from tisktask_logstream.rows import JobRecord, RunRecord
from tisktask_logstream.store import RunFilter, Store


class Run(RunRecord):
    """A run with its jobs."""

    jobs: list[JobRecord] = Field(description="the programs, in the order in which they were made")
    preparation: JobRecord | None = Field(default=None, description="fetches the commit and builds the images")


async def list_runs(store: Store, wanted: RunFilter) -> list[Run]:
    return await _with_jobs(store, await store.list_runs(wanted))


async def get_runs(store: Store, ids: Sequence[str]) -> list[Run]:
    return await _with_jobs(store, await store.get_runs(ids))


async def get_run(store: Store, run: str) -> Run:
    """Read one run; raises NotFoundError."""
    found = await get_runs(store, [run])
    if not found:
        raise NotFoundError(words.no_such("run", run))
    return found[0]


async def get_job(store: Store, job: str) -> JobRecord:
    """Read one job; raises NotFoundError."""
    found = await store.get_job(job)
    if found is None:
        raise NotFoundError(words.no_such("job", job))
    return found


def log_name(job: JobRecord, attempt: int | None) -> LogName:
    """Name the log of an attempt, of the newest if none is asked for; raises NotFoundError for a future one."""
    newest = max(1, job.attempt)
    if attempt is not None and attempt > newest:
        raise NotFoundError(words.NO_SUCH_ATTEMPT)
    return LogName(RunId(job.run_id), JobId(job.id), attempt or newest)


async def _with_jobs(store: Store, runs: list[RunRecord]) -> list[Run]:
    if not runs:
        return []
    jobs: defaultdict[str, list[JobRecord]] = defaultdict(list)
    for job in await store.list_jobs_of_runs([run.id for run in runs]):
        jobs[job.run_id].append(job)
    return [
        Run(
            **run.model_dump(),
            jobs=[job for job in jobs[run.id] if job.kind is JobKind.PROGRAM],
            preparation=next((job for job in jobs[run.id] if job.kind is JobKind.PREPARE), None),
        )
        for run in runs
    ]
