"""The orchestrator of the previous release, as far as it writes: its own statements, one transaction per change."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tisktask_common.database.migrate import Migration, load_migrations, migrate
from tisktask_common.events import (
    Change,
    JobEvent,
    JobFinished,
    JobQueued,
    JobStarted,
    Repository,
    RunCreated,
    RunEvent,
)
from tisktask_common.ids import RepositoryId, RunId, TriggerId, new_job_id, new_repository_id, new_run_id, trigger_id
from tisktask_common.lifecycle import JobKind, JobState, RunState, job_states_before, run_states_before
from tisktask_common.subjects import event_subject

FOLDER = Path(__file__).with_name("previous_release")
STATEMENTS = {path.stem: cast("LiteralString", path.read_text()) for path in FOLDER.glob("*.sql")}
#: The last migration that it had.
NEWEST = "0004_run_data.sql"
OLD_HOST = "old"

Row = dict[str, Any]


def released_migrations(package: str, newest: str) -> list[Migration]:
    return [migration for migration in load_migrations(package) if migration.name <= newest]


async def make_released_schema(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await migrate(connection, "orchestrator", released_migrations("tisktask_orchestrator", NEWEST))


@dataclass
class PreviousOrchestrator:
    """Makes runs and brings them on, for hosts of its time."""

    connection: psycopg.AsyncConnection[Row]
    repositories: list[RepositoryId] = field(default_factory=list[RepositoryId])
    deliveries: int = 0

    @classmethod
    async def open(cls, database_url: str) -> "PreviousOrchestrator":
        return cls(await psycopg.AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row))

    async def add_repository(self, full_name: str) -> RepositoryId:
        repository = new_repository_id()
        await self.connection.execute(
            "INSERT INTO orchestrator.repositories (id, forge, full_name, clone_url) VALUES (%s, 'github', %s, %s)",
            (repository, full_name, f"https://forge.example/{full_name}.git"),
        )
        self.repositories.append(repository)
        return repository

    async def host(self, name: str = OLD_HOST, lease_seconds: float = 3600) -> None:
        """One heartbeat."""
        await self._one("join_host", runner=name)
        await self._one(
            "upsert_runner",
            runner=name,
            replica="r1",
            pool="default",
            slots=4,
            busy=0,
            is_draining=False,
            version="0.1",
            engine="podman",
            labels=[],
            waiting=0,
            lease_seconds=lease_seconds,
        )

    async def trigger(self, repository: RepositoryId) -> Row:
        """Make a run of a delivery; returns its preparation."""
        self.deliveries += 1
        delivery = f"old-{id(self)}-{self.deliveries}"
        trigger = trigger_id(repository, delivery)
        change = Change(event="push", sha="b" * 40, ref="refs/heads/main", branch="main")
        async with self.connection.transaction():
            received = {"payload_chunks": 0, "payload_bytes": 0, "received_at": datetime.now(UTC)}
            await self._one("insert_trigger", id=trigger, repository_id=repository, delivery=delivery, **received)
            made = {"id": new_run_id(), "repository_id": repository, "trigger_id": trigger}
            run = await self._row("insert_run", **made, change=Jsonb(change.model_dump(mode="json")))
            (job,) = await self._insert_jobs(run, JobKind.PREPARE, ["prepare"])
            await self._say(run, job, RunCreated, JobQueued)
        return job

    async def claim(self, job: Row, host: str = OLD_HOST, lease_seconds: float = 3600) -> Row | None:
        terms = {"runner": host, "lease_seconds": lease_seconds, "seconds_max": 3600, "from": ["queued"]}
        return await self._one("claim_job", job_id=job["id"], attempt=job["attempt"], **terms)

    async def begin(self, job: Row, host: str = OLD_HOST) -> Row | None:
        values = {"job_id": job["id"], "attempt": job["attempt"], "runner": host, "started_at": datetime.now(UTC)}
        async with self.connection.transaction():
            began = await self._one("begin_job", **values, **_before(JobState.RUNNING))
            if began:
                await self._say(await self._lock(began["run_id"]), began, JobStarted)
        return began

    async def end(self, job: Row, state: JobState, programs: tuple[str, ...] = ()) -> Row | None:
        """End an attempt; a preparation's programs are queued, and a run whose jobs have ended ends."""
        how = {"reason": "", "exit_code": 0, "signal": None, "out_of_memory": False, "ended_at": datetime.now(UTC)}
        async with self.connection.transaction():
            run = await self._lock(job["run_id"])
            values = {"job_id": job["id"], "attempt": job["attempt"], "to": state, "is_lost": False, "lost_reason": ""}
            ended = await self._one("end_job", **values, **how, **_before(state))
            if ended is None:
                return None
            run = await self._say(run, ended, JobFinished)
            if programs:
                await self._move(run, RunState.RUNNING)
                for program in await self._insert_jobs(run, JobKind.PROGRAM, list(programs)):
                    run = await self._say(run, program, JobQueued)
            elif not await self._rows(
                "SELECT id FROM orchestrator.jobs WHERE run_id = %s AND finished_at IS NULL", run["id"]
            ):
                await self._move(run, RunState(state))
        return ended

    async def prepare(self, job: Row, *programs: str) -> list[Row]:
        """Bring a run to where its programs are queued."""
        await self.claim(job)
        await self.begin(job)
        await self.end(job, JobState.SUCCEEDED, programs)
        return await self._rows(
            "SELECT id, run_id, kind, name, state, attempt FROM orchestrator.jobs WHERE run_id = %s AND kind = 'program'"
            " ORDER BY id",
            job["run_id"],
        )

    async def beat(self, jobs: list[Row], host: str = OLD_HOST) -> None:
        listed = {"jobs": [job["id"] for job in jobs], "attempts": [job["attempt"] for job in jobs]}
        await self._one("extend_leases", runner=host, lease_seconds=3600, **listed)

    async def work_on(self, chance: random.Random) -> None:
        """Do what an orchestrator does for one run."""
        job = await self.trigger(chance.choice(self.repositories))
        programs = await self.prepare(job, "build", "test")
        for program in programs:
            if await self.claim(program) and chance.random() < 0.8:
                await self.begin(program)
                await self.beat(programs)
                if chance.random() < 0.6:
                    await self.end(program, chance.choice([JobState.SUCCEEDED, JobState.FAILED]))

    async def work_until(self, is_over: asyncio.Event) -> int:
        """Go on whatever happens to single statements, as a service does; returns how many runs were worked on."""
        chance, done = random.Random(1), 0
        while not is_over.is_set():
            try:
                await self.work_on(chance)
                done += 1
            except psycopg.OperationalError:  # a deadlock with the migration: the one who asked asks again
                continue
        return done

    async def _insert_jobs(self, run: Row, kind: JobKind, names: list[str]) -> list[Row]:
        nothing = [None] * len(names)
        made = {
            "ids": sorted(new_job_id() for _ in names),
            "names": names,
            "paths": [f".tisktask/push/{n}" for n in names],
        }
        of = {"run_id": run["id"], "repository_id": run["repository_id"], "kind": kind, "pool": "default"}
        return await self._all("insert_jobs", **of, **made, build_files=nothing, image_keys=nothing)

    async def _say(self, run: Row, job: Row, *kinds: type[RunEvent]) -> Row:
        """Put events into the outbox with the revisions that they bring the run to."""
        events: list[Any] = []
        for kind in kinds:
            run = run | {"revision": run["revision"] + 1}
            fields: dict[str, Any] = {"trigger_id": TriggerId(run["trigger_id"])} if kind is RunCreated else {}
            if issubclass(kind, JobEvent):
                own = {"job_id": job["id"], "name": job["name"], "kind": job["kind"], "attempt": job["attempt"]}
                fields = own | {"job_state": job["state"], "runner": OLD_HOST}
            repository = Repository(id=run["repository_id"], forge="github", full_name="octo/old")
            about = {"run_id": RunId(run["id"]), "number": run["number"], "revision": run["revision"]}
            events.append(kind(**about, repository=repository, change=run["change"], state=run["state"], **fields))
        await self._one(
            "append_run_events",
            run_id=run["id"],
            revision=run["revision"],
            lane=run["repository_id"],
            subjects=[event_subject(event) for event in events],
            message_ids=[event.id for event in events],
            data=[event.model_dump_json().encode() for event in events],
        )
        return run

    async def _move(self, run: Row, to: RunState) -> None:
        before = [str(state) for state in run_states_before(to)]
        values = {"run_id": run["id"], "to": to, "reason": "", "is_end": to is not RunState.RUNNING, "from": before}
        await self._one("move_run", **values)

    async def _lock(self, run: str) -> Row:
        (row,) = await self._rows(
            "SELECT id, number, repository_id, trigger_id, state, change, revision FROM orchestrator.runs"
            " WHERE id = %s FOR UPDATE",
            run,
        )
        return row

    async def _all(self, statement: str, **values: Any) -> list[Row]:
        cursor = await self.connection.execute(STATEMENTS[statement], values)
        return await cursor.fetchall() if cursor.description else []

    async def _one(self, statement: str, **values: Any) -> Row | None:
        return next(iter(await self._all(statement, **values)), None)

    async def _row(self, statement: str, **values: Any) -> Row:
        row = await self._one(statement, **values)
        assert row is not None
        return row

    async def _rows(self, query: LiteralString, *values: Any) -> list[Row]:
        return await (await self.connection.execute(query, values)).fetchall()


def _before(state: JobState) -> dict[str, list[str]]:
    return {"from": [str(before) for before in job_states_before(state)]}
