"""An orchestrator at work on real servers, and a runner of the tests' own that speaks to it by RPC."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
import psycopg
from nats.aio.msg import Msg
from psycopg.rows import dict_row
from pydantic import SecretStr

from consumers import has_taken_all
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.database.pool import open_pool
from tisktask_common.events import EVENT, AnyEvent, Change, Repository, TriggerReceived
from tisktask_common.ids import JobId, RunId, trigger_id
from tisktask_common.lifecycle import JobState
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import (
    Accepted,
    AddRepository,
    AskPublicKey,
    AttemptRef,
    ClaimJob,
    Heartbeat,
    HeartbeatReply,
    JobBegan,
    JobEnded,
    JobGrant,
    Prepared,
    Program,
)
from tisktask_common.sealing import KeyPair, seal
from tisktask_common.subjects import TRIGGERS_FOR_ORCHESTRATOR
from tisktask_orchestrator.collaborators import Collaborators, utc_now
from tisktask_orchestrator.secrets import Secrets
from tisktask_orchestrator.service import prepare_schema, serve
from tisktask_orchestrator.settings import OrchestratorSettings

T = TypeVar("T")
DEADLINE_SECONDS = 20
SHA = "a" * 40
MASTER_KEY = base64.b64encode(b"k" * 32).decode()


async def eventually(probe: Callable[[], Awaitable[T]], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """Ask until the answer is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        if answer := await probe():
            return answer
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.02)


@dataclass
class TestRunner:
    """A runner host that claims and reports what a test tells it to."""

    __test__ = False

    bus: Bus
    name: str
    keys: KeyPair = field(default_factory=KeyPair.generate)

    async def heartbeat(self, *held: AttemptRef, slots: int = 4, replica: str = "r1", **fields: Any) -> HeartbeatReply:
        beat = Heartbeat(runner=self.name, replica=replica, slots=slots, pool="default", attempts=list(held), **fields)
        return await self.bus.request(beat)

    async def claim(self, work: AttemptRef, *, can_restrict: bool = True) -> JobGrant:
        return await self.bus.request(
            ClaimJob(
                job_id=work.job_id,
                attempt=work.attempt,
                runner=self.name,
                public_key=self.keys.public,
                can_restrict=can_restrict,
            )
        )

    async def began(self, work: AttemptRef) -> Accepted:
        return await self.bus.request(
            JobBegan(job_id=work.job_id, attempt=work.attempt, runner=self.name, started_at=datetime.now(UTC))
        )

    async def ended(self, work: AttemptRef, state: JobState, **fields: Any) -> Accepted:
        return await self.bus.request(
            JobEnded(
                job_id=work.job_id,
                attempt=work.attempt,
                runner=self.name,
                state=state,
                ended_at=datetime.now(UTC),
                **fields,
            )
        )

    async def run(self, work: AttemptRef, state: JobState = JobState.SUCCEEDED, **fields: Any) -> None:
        assert (await self.claim(work)).granted
        assert (await self.began(work)).accepted
        assert (await self.ended(work, state, **fields)).accepted

    async def prepare(self, work: AttemptRef, *names: str) -> None:
        await self.run(work, prepared=prepared(*names))


def prepared(*names: str) -> Prepared:
    return Prepared(programs=[Program(name=name, path=f".tisktask/push/{name}") for name in names])


@dataclass
class Stage:
    """What a test sees: the bus as admin, the database, and the orchestrator that works between them."""

    bus: Bus
    nats_url: str
    database_url: str
    settings: OrchestratorSettings
    runners: list[TestRunner] = field(default_factory=list[TestRunner])

    async def runner(self, name: str = "host", *, slots: int = 4, joins: bool = True) -> TestRunner:
        bus = await connect(BusSettings(nats_url=self.nats_url, nats_user=f"runner-{name}"), "runner")
        runner = TestRunner(bus, name)
        self.runners.append(runner)
        if joins:
            await runner.heartbeat(slots=slots)
        return runner

    async def add_repository(self, full_name: str = "octo/demo", **fields: Any) -> Repository:
        request = {"forge": "github", "clone_url": f"https://forge.example/{full_name}.git"} | fields
        return await self.bus.request(AddRepository(full_name=full_name, **request))

    async def seal(self, secret: str) -> str:
        key = await self.bus.request(AskPublicKey())
        return seal(SecretStr(secret), key.public_key)

    async def trigger(self, repository: Repository, delivery: str = "d1", **change: Any) -> TriggerReceived:
        fields = {"event": "push", "sha": SHA, "ref": "refs/heads/main", "branch": "main"} | change
        event = TriggerReceived(
            trigger_id=trigger_id(repository.id, delivery),
            repository=repository,
            delivery=delivery,
            change=Change(**fields),
        )
        await self.bus.publish_event(event)
        return event

    async def wait_until_triggers_are_taken(self) -> None:
        async def probe() -> bool:
            return await has_taken_all(self.bus.jetstream, TRIGGERS_FOR_ORCHESTRATOR)

        await eventually(probe, "all triggers are taken")

    async def rows(self, query: Any, *values: Any) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(
            self.database_url, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = await connection.execute(query, values)
            return await cursor.fetchall() if cursor.description else []

    async def next_work(self) -> AttemptRef:
        """Take the oldest message off the work stream. Not by its consumer: that may be killed with a message in hand."""
        return await eventually(self._take_work, "there is work")

    async def work_left(self) -> int:
        return (await self.bus.jetstream.stream_info("WORK")).state.messages

    async def _take_work(self) -> AttemptRef | None:
        try:
            state = (await self.bus.jetstream.stream_info("WORK")).state
            if state.messages == 0:
                return None
            message = await self.bus.jetstream.get_msg("WORK", seq=state.first_seq)
            await self.bus.jetstream.delete_msg("WORK", state.first_seq)
        except (nats.errors.Error, nats.js.errors.Error):
            return None  # the server was killed by the test
        body = json.loads(message.data or b"")
        assert message.subject == f"work.default.{body['job_id']}.{body['attempt']}"
        return AttemptRef(job_id=JobId(body["job_id"]), attempt=body["attempt"])

    async def start_run(
        self, runner: TestRunner, *names: str, delivery: str = "d1"
    ) -> tuple[RunId, dict[str, AttemptRef]]:
        """Bring a run to where its programs are on the work stream; returns them by name."""
        repository = await self.add_repository()
        await self.trigger(repository, delivery)
        await runner.prepare(await self.next_work(), *names)
        works = [await self.next_work() for _ in names]
        rows = await self.rows(
            "SELECT id, name, run_id FROM api.jobs WHERE id = ANY(%s)", [work.job_id for work in works]
        )
        by_id = {row["id"]: row for row in rows}
        return RunId(rows[0]["run_id"]), {by_id[work.job_id]["name"]: work for work in works}

    async def run_state(self, run: RunId) -> str:
        (row,) = await self.rows("SELECT state FROM api.runs WHERE id = %s", run)
        return row["state"]

    async def job(self, work: AttemptRef) -> dict[str, Any]:
        (row,) = await self.rows("SELECT * FROM api.jobs WHERE id = %s", work.job_id)
        return row

    async def wait_for_run(self, run: RunId, state: str) -> dict[str, Any]:
        async def probe() -> list[dict[str, Any]]:
            return await self.rows("SELECT * FROM api.runs WHERE id = %s AND state = %s", run, state)

        (row,) = await eventually(probe, f"the run is {state}")
        return row

    async def wait_for_job(self, work: AttemptRef, state: str) -> dict[str, Any]:
        async def probe() -> list[dict[str, Any]]:
            return await self.rows("SELECT * FROM api.jobs WHERE id = %s AND state = %s", work.job_id, state)

        (row,) = await eventually(probe, f"the job is {state}")
        return row

    async def wait_for_empty_outbox(self) -> None:
        async def probe() -> bool:
            return not await self.rows("SELECT id FROM orchestrator.outbox")

        await eventually(probe, "the outbox is empty")

    async def messages(self, stream: str = "EVENTS") -> list[Msg]:
        """All messages of a stream, in order."""
        await self.wait_for_empty_outbox()
        last = (await self.bus.jetstream.stream_info(stream)).state.last_seq
        return [await self.bus.jetstream.get_msg(stream, seq=sequence) for sequence in range(1, last + 1)]

    async def events(self) -> list[AnyEvent]:
        return [EVENT.validate_json(message.data or b"") for message in await self.messages()]


def make_settings(nats_url: str, database_url: str, **fields: Any) -> OrchestratorSettings:
    return OrchestratorSettings(
        nats_url=nats_url, database_url=SecretStr(database_url), master_key=SecretStr(MASTER_KEY), **fields
    )


@asynccontextmanager
async def orchestrating(
    settings: OrchestratorSettings, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[Collaborators]:
    """Run an orchestrator of its own connections; at the end it is cancelled, as by SIGTERM."""
    await prepare_schema(settings)
    pool = await open_pool(settings, "orchestrator")
    bus = await connect(settings, "orchestrator")
    collaborators = Collaborators(bus, pool, settings, Secrets(settings.master_key), now=now)
    work = asyncio.create_task(serve(collaborators))
    try:
        yield collaborators
        assert not work.done(), work
    finally:
        work.cancel()
        (outcome,) = await asyncio.gather(work, return_exceptions=True)
        await bus.close()
        await pool.close()
    if not isinstance(outcome, asyncio.CancelledError):
        raise AssertionError("the orchestrator ended by itself") from outcome


@asynccontextmanager
async def staging(
    bus: Bus, nats_url: str, database_url: str, *, now: Callable[[], datetime] = utc_now, **fields: Any
) -> AsyncIterator[Stage]:
    settings = make_settings(nats_url, database_url, **fields)
    stage = Stage(bus, nats_url, database_url, settings)
    try:
        async with orchestrating(settings, now):
            yield stage
    finally:
        for runner in stage.runners:
            await runner.bus.close()
