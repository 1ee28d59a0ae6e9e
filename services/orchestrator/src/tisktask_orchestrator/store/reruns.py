"""Statements about runs that repeat older runs."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RepositoryId, RunId, new_run_id
from tisktask_common.lifecycle import JobState
from tisktask_orchestrator.store.rows import IdRow, JobRow, RunRow
from tisktask_orchestrator.store.statements import fetch_all, fetch_one, fetch_row


@dataclass(frozen=True)
class NewRerun:
    """A run that is to repeat another."""

    rerun_of: RunId
    request_id: str
    reason: str
    #: It takes over the other's preparation.
    is_prepared: bool
    #: Whether it may run is to be found out first.
    is_vetted: bool


@dataclass(frozen=True)
class RerunRow:
    """A run that was made of an older one."""

    run_id: RunId
    number: int


@dataclass(frozen=True)
class RootKeyRow:
    """Which discovered job, or preparation, of which run."""

    id: JobId
    run_id: RunId


@dataclass(frozen=True)
class RootRow:
    """A preparation or a discovered job of a run that has ended."""

    id: JobId
    kind: str
    name: str
    state: str
    exit_code: int | None
    signal: int | None
    out_of_memory: bool
    #: The job that has really run, and its run's number.
    origin_id: JobId
    origin_number: int
    #: Ends of all that has come of it, as far as they count.
    states_below: list[str]


@dataclass(frozen=True)
class CarriedJob:
    """A job that ends in the new run as it has ended in the older one."""

    id: JobId
    old: RootRow
    state: JobState
    reason: str


@dataclass(frozen=True)
class WarningsRow:
    """What a preparation has warned of."""

    warnings: list[str]


async def insert_rerun(connection: Connection, new: NewRerun) -> RunRow:
    return await fetch_row(connection, RunRow, "insert_rerun", id=new_run_id(), **vars(new))


async def read_rerun(connection: Connection, run: RunId, request_id: str) -> RerunRow | None:
    return await fetch_one(connection, RerunRow, "read_rerun", run_id=run, request_id=request_id)


async def read_root(connection: Connection, job: JobId) -> RootKeyRow | None:
    return await fetch_one(connection, RootKeyRow, "read_root", job_id=job)


async def list_roots(connection: Connection, run: RunId) -> list[RootRow]:
    return await fetch_all(connection, RootRow, "list_roots", run_id=run)


async def carry_jobs(connection: Connection, run: RunId, jobs: list[CarriedJob]) -> list[JobRow]:
    return await fetch_all(
        connection,
        JobRow,
        "carry_jobs",
        run_id=run,
        ids=[job.id for job in jobs],
        old_ids=[job.old.id for job in jobs],
        origin_ids=[job.old.origin_id for job in jobs],
        states=[job.state for job in jobs],
        reasons=[job.reason for job in jobs],
    )


async def queue_jobs_again(connection: Connection, run: RunId, old_by_new: dict[JobId, JobId]) -> list[JobRow]:
    ids, old_ids = list(old_by_new), list(old_by_new.values())
    return await fetch_all(connection, JobRow, "queue_jobs_again", run_id=run, ids=ids, old_ids=old_ids)


async def read_warnings(connection: Connection, run: RunId) -> list[str]:
    return (await fetch_row(connection, WarningsRow, "read_warnings", run_id=run)).warnings


async def list_newest_runs(connection: Connection, repository: RepositoryId, sha: str) -> list[RunId]:
    rows = await fetch_all(connection, IdRow, "list_newest_runs", repository_id=repository, sha=sha)
    return [RunId(row.id) for row in rows]


async def read_own_job(connection: Connection, repository: RepositoryId, sha: str, job: str) -> JobId | None:
    row = await fetch_one(connection, IdRow, "read_own_job", repository_id=repository, sha=sha, job_id=job)
    return row and JobId(row.id)
