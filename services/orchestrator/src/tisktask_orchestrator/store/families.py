"""Statements about jobs that belong together: those of a run, and those that one of them has started."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId, new_job_id
from tisktask_common.job_requests import SpawnJob
from tisktask_common.lifecycle import JobState
from tisktask_orchestrator.store.family_rows import (
    AttemptEndRow,
    ConclusionRow,
    CountRow,
    NameRow,
    ProgramRow,
    ReasonRow,
    SpawnedBeforeRow,
    SpawnRoomRow,
)
from tisktask_orchestrator.store.rows import JobRow, RunnerRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row

#: How many names a sentence needs at most.
NAMES_MAX = 11


@dataclass(frozen=True)
class NewChild:
    """A job that another has asked for."""

    request: SpawnJob
    #: Unique within the run.
    name: str
    environment: bytes | None


async def insert_spawned_job(connection: Connection, child: NewChild) -> JobRow:
    request, program = child.request, child.request.program
    return await fetch_row(
        connection,
        JobRow,
        "insert_spawned_job",
        id=new_job_id(),
        parent=request.job_id,
        name=child.name,
        path=program.path,
        build_file=program.build_file,
        image_key=program.image_key,
        image=program.image,
        shell=program.shell,
        arguments=program.arguments,
        environment=child.environment,
        labels=sorted(set(request.labels)),
        seconds_max=request.seconds_max,
        key=request.key,
        request_id=request.request_id,
        has_status=request.has_status,
        may_fail=request.may_fail,
        is_detached=request.is_detached,
        retries=program.policy.retries,
        retry_on_lost=program.policy.on_lost,
        retry_codes=program.policy.on_codes,
    )


async def read_spawned_before(
    connection: Connection, parent: JobId, request_id: str, key: str | None
) -> SpawnedBeforeRow | None:
    return await fetch_one(
        connection, SpawnedBeforeRow, "read_spawned_before", parent=parent, request_id=request_id, key=key
    )


async def read_spawn_room(connection: Connection, run: RunId, name: str) -> SpawnRoomRow:
    return await fetch_row(connection, SpawnRoomRow, "read_spawn_room", run_id=run, name=name)


async def list_programs(
    connection: Connection, run: RunId, targets: list[JobId] | None, after: JobId | None, count: int
) -> list[ProgramRow]:
    return await fetch_all(
        connection, ProgramRow, "list_programs", run_id=run, targets=targets, after=after or "", count=count
    )


async def list_attempts(connection: Connection, jobs: list[JobId]) -> list[AttemptEndRow]:
    return await fetch_all(connection, AttemptEndRow, "list_attempts", job_ids=jobs)


async def list_attached_jobs(connection: Connection, job: JobId) -> list[JobRow]:
    return await fetch_all(connection, JobRow, "list_attached_jobs", job_id=job)


async def allow_failure(connection: Connection, jobs: list[JobId]) -> None:
    await execute(connection, "allow_failure", job_ids=jobs)


async def read_conclusion(connection: Connection, job: JobId) -> ConclusionRow | None:
    return await fetch_one(connection, ConclusionRow, "read_conclusion", job_id=job)


async def set_result(connection: Connection, job: JobId, result: JobState) -> JobRow:
    return await fetch_row(connection, JobRow, "set_result", job_id=job, result=result)


async def list_guilty_children(connection: Connection, job: JobId, result: JobState) -> list[str]:
    rows = await fetch_all(connection, NameRow, "list_guilty_children", job_id=job, result=result, count=NAMES_MAX)
    return [row.name for row in rows]


async def count_jobs(connection: Connection, run: RunId) -> list[CountRow]:
    return await fetch_all(connection, CountRow, "count_jobs", run_id=run)


async def list_decisive_names(connection: Connection, run: RunId, state: str) -> list[str]:
    rows = await fetch_all(connection, NameRow, "list_decisive_names", run_id=run, state=state, count=NAMES_MAX)
    return [row.name for row in rows]


async def read_preparation_reason(connection: Connection, run: RunId) -> str:
    return (await fetch_row(connection, ReasonRow, "read_preparation_reason", run_id=run)).reason


async def list_runners_of_run(connection: Connection, run: RunId) -> list[str]:
    return [row.runner for row in await fetch_all(connection, RunnerRow, "list_runners_of_run", run_id=run)]
