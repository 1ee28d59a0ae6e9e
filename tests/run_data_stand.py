"""A run with jobs at work, as rows of a real database, and requests in their names, without a bus in between."""

import base64
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from psycopg.types.json import Jsonb

from orchestrator_stage import Stage, TestRunner
from tisktask_common.database.pool import Pool
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId, new_job_id, new_repository_id, new_run_id
from tisktask_common.job_requests import DataCommands
from tisktask_common.resp import Reply, from_json
from tisktask_common.rpc import AttemptRef
from tisktask_orchestrator.rundata.dataset import Bounds
from tisktask_orchestrator.rundata.requests import Outcome, execute_request

RUNNER = "host"
CALLER = f"runner-{RUNNER}"
BOUNDS = Bounds(16 * 1024**2, 100_000)


@dataclass(frozen=True)
class WorkingJob:
    """A job whose first attempt runs on the host."""

    id: JobId
    run: RunId
    repository: RepositoryId


@dataclass
class DataStand:
    """Makes runs, and executes commands in the name of their jobs."""

    pool: Pool
    bounds: Bounds = BOUNDS
    _numbers: Any = field(default_factory=lambda: count(1))

    async def make_repository(self) -> RepositoryId:
        repository = new_repository_id()
        async with self.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO orchestrator.repositories (id, forge, full_name, clone_url) VALUES (%s, 'github', %s, '')",
                (repository, f"octo/{repository}"),
            )
        return repository

    async def make_run(self, repository: RepositoryId | None = None) -> tuple[RunId, RepositoryId]:
        repository = repository or await self.make_repository()
        run, number = new_run_id(), next(self._numbers)
        async with self.pool.connection() as connection:
            trigger = TriggerId(f"trg_{number}")
            await connection.execute(
                "INSERT INTO orchestrator.triggers (id, repository_id, delivery, received_at) VALUES (%s, %s, %s, now())",
                (trigger, repository, str(number)),
            )
            await connection.execute(
                "INSERT INTO orchestrator.runs (id, number, repository_id, trigger_id, state, change)"
                " VALUES (%s, %s, %s, %s, 'running', %s)",
                (run, number, repository, trigger, Jsonb({"sha": "a" * 40, "event": "push"})),
            )
        return run, repository

    async def make_job(
        self, run: RunId | None = None, repository: RepositoryId | None = None, name: str | None = None
    ) -> WorkingJob:
        """Add a job to a run, or to one of its own."""
        if run is None or repository is None:
            run, repository = await self.make_run(repository)
        job = new_job_id()
        async with self.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO orchestrator.jobs (id, run_id, repository_id, kind, name, pool, state, runner)"
                " VALUES (%s, %s, %s, 'program', %s, 'default', 'running', %s)",
                (job, run, repository, name or job, RUNNER),
            )
            await connection.execute(
                "INSERT INTO orchestrator.attempts (job_id, attempt, runner, state, lease_until)"
                " VALUES (%s, 1, %s, 'running', now() + interval '1 hour')",
                (job, RUNNER),
            )
        return WorkingJob(job, run, repository)

    async def ask(self, job: WorkingJob, *commands: list[bytes], request_id: str = "", **fields: Any) -> Outcome:
        request = make_request(job, *commands, request_id=request_id or f"r{next(self._numbers)}", **fields)
        return await execute_request(self.pool, self.bounds, request, CALLER)

    async def replies(self, job: WorkingJob, *commands: list[bytes], **fields: Any) -> list[Reply]:
        outcome = await self.ask(job, *commands, **fields)
        # As they travel: nothing in them may be what JSON can not say.
        return [from_json(reply) for reply in json.loads(json.dumps(outcome.replies))]

    async def do(self, job: WorkingJob, line: str) -> Reply:
        """Execute one command, written with blanks between its words."""
        (reply,) = await self.replies(job, line.encode().split(b" "))
        return reply


def make_request(job: WorkingJob, *commands: list[bytes], request_id: str, **fields: Any) -> DataCommands:
    return DataCommands(
        **({"job_id": job.id, "attempt": 1, "runner": RUNNER} | fields),
        request_id=request_id,
        commands=[[base64.b64encode(word).decode() for word in command] for command in commands],
    )


async def start_jobs(stage: Stage, runner: TestRunner, *names: str, delivery: str = "d1") -> dict[str, AttemptRef]:
    """Start a run whose jobs are all at work."""
    _, works = await stage.start_run(runner, *names, delivery=delivery)
    for work in works.values():
        assert (await runner.claim(work)).granted
        assert (await runner.began(work)).accepted
    return works
