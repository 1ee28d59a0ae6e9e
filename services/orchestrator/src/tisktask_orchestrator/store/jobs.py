"""Statements about jobs: each move is guarded by the states before it and by the attempt, the fence."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RepositoryId, RunId, new_job_id
from tisktask_common.lifecycle import JobKind, JobState, job_states_before
from tisktask_common.rpc import Program
from tisktask_orchestrator.store.rows import JobPlanRow, JobRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one


@dataclass(frozen=True)
class NewJobs:
    """Jobs of one kind to add to a run."""

    run: RunId
    repository: RepositoryId
    kind: JobKind
    pool: str
    programs: list[Program]


@dataclass(frozen=True)
class Ending:
    """How a job ends. `lost_reason` is given when it ends without its runner's word."""

    state: JobState
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    ended_at: datetime | None = None
    lost_reason: str | None = None


@dataclass(frozen=True)
class Terms:
    """On what terms a runner gets an attempt."""

    runner: str
    lease_seconds: float
    #: None: no limit.
    seconds_max: int | None


async def insert_jobs(connection: Connection, new: NewJobs) -> list[JobRow]:
    # Ids that are made within a millisecond do not sort by themselves: sorted, the jobs keep the programs' order.
    ids = sorted(new_job_id() for _ in new.programs)
    return await fetch_all(
        connection,
        JobRow,
        "insert_jobs",
        run_id=new.run,
        repository_id=new.repository,
        kind=new.kind,
        pool=new.pool,
        ids=ids,
        names=[program.name for program in new.programs],
        paths=[program.path for program in new.programs],
        build_files=[program.build_file for program in new.programs],
        image_keys=[program.image_key for program in new.programs],
        policies=[Jsonb(program.policy.model_dump(mode="json")) for program in new.programs],
    )


async def read_job(connection: Connection, job: JobId) -> JobRow | None:
    return await fetch_one(connection, JobRow, "read_job", job_id=job)


async def list_unfinished_jobs(connection: Connection, run: RunId) -> list[JobRow]:
    return await fetch_all(connection, JobRow, "list_unfinished_jobs", run_id=run)


async def read_job_plan(connection: Connection, job: JobId) -> JobPlanRow | None:
    return await fetch_one(connection, JobPlanRow, "read_job_plan", job_id=job)


async def lock_limited_claim(connection: Connection, job: JobId) -> None:
    await execute(connection, "lock_limited_claim", job_id=job)


async def withdraw_offer(connection: Connection, job: JobId, attempt: int) -> None:
    await execute(connection, "withdraw_offer", job_id=job, attempt=attempt)


async def claim_job(connection: Connection, job: JobId, attempt: int, terms: Terms) -> JobRow | None:
    return await fetch_one(
        connection,
        JobRow,
        "claim_job",
        job_id=job,
        attempt=attempt,
        runner=terms.runner,
        lease_seconds=terms.lease_seconds,
        seconds_max=terms.seconds_max,
        **_states_before(JobState.STARTING),
    )


async def begin_job(
    connection: Connection, job: JobId, attempt: int, runner: str, started_at: datetime
) -> JobRow | None:
    return await fetch_one(
        connection,
        JobRow,
        "begin_job",
        job_id=job,
        attempt=attempt,
        runner=runner,
        started_at=started_at,
        **_states_before(JobState.RUNNING),
    )


async def end_job(connection: Connection, job: JobId, attempt: int, ending: Ending) -> JobRow | None:
    return await fetch_one(
        connection,
        JobRow,
        "end_job",
        job_id=job,
        attempt=attempt,
        to=ending.state,
        reason=ending.reason,
        exit_code=ending.exit_code,
        signal=ending.signal,
        out_of_memory=ending.out_of_memory,
        ended_at=ending.ended_at,
        is_lost=ending.lost_reason is not None,
        lost_reason=ending.lost_reason or "",
        **_states_before(ending.state),
    )


async def request_job_stop(connection: Connection, job: JobId, state: JobState, reason: str) -> JobRow | None:
    return await fetch_one(
        connection,
        JobRow,
        "request_job_stop",
        job_id=job,
        stop_state=state,
        reason=reason,
        **_states_before(state),
    )


def _states_before(target: JobState) -> dict[str, list[str]]:
    return {"from": [str(state) for state in job_states_before(target)]}
