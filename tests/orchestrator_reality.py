"""The orchestrator's own functions on a real database, told the same messages as the model; and what must always hold."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from nats_server import NatsServer
from orchestrator_messages import (
    REFUSED,
    Beat,
    Began,
    CancelJob,
    CancelRun,
    Claim,
    Ended,
    EndOwnRun,
    JobTimeIsUp,
    JobView,
    Key,
    Message,
    Orders,
    Reply,
    RerunJob,
    RerunRun,
    RunTimeIsUp,
    Silence,
    Spawn,
    StopIsOld,
    StopOwnJob,
    Sweep,
    Trigger,
    View,
    Wish,
    child_name,
)
from orchestrator_model import SPAWN_DEPTH_MAX, SPAWNED_JOBS_MAX
from orchestrator_model_run import JOBS_PER_RUN_MAX, LOST_RETRIES
from orchestrator_stage import make_settings
from tisktask_common import job_requests, orders, rpc
from tisktask_common.bus.connection import connect
from tisktask_common.database.pool import open_pool
from tisktask_common.errors import UserError
from tisktask_common.events import Change, Repository, TriggerReceived
from tisktask_common.ids import JobId, RunId, trigger_id
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import AttemptRef, Policy, Prepared, Program
from tisktask_common.sealing import KeyPair
from tisktask_orchestrator.answers import HANDLERS
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.intake import record_trigger
from tisktask_orchestrator.secrets import Secrets
from tisktask_orchestrator.service import prepare_schema
from tisktask_orchestrator.superseding import cancel_superseded
from tisktask_orchestrator.sweep import end_lost, stop_overdue

SETTINGS: dict[str, Any] = {
    "lost_retries": LOST_RETRIES,
    "jobs_per_run_max": JOBS_PER_RUN_MAX,
    "spawn_depth_max": SPAWN_DEPTH_MAX,
    "spawned_jobs_max": SPAWNED_JOBS_MAX,
    "lease_seconds": 3600,
    "retry_pause_seconds": 0,
}
_KEYS = KeyPair.generate()
_HOUR_AGO = "now() - interval '5 hours'"


@dataclass
class Reality:
    """One orchestrator without its loops: they are steps here, taken when a test says so."""

    collaborators: Collaborators
    reader: psycopg.AsyncConnection[dict[str, Any]]
    repository: Repository | None = None
    run_ids: dict[str, str] = field(default_factory=dict[str, str])
    job_ids: dict[Key, str] = field(default_factory=dict[Key, str])

    @classmethod
    async def open(cls, nats_url: str, database_url: str) -> "Reality":
        settings = make_settings(nats_url, database_url, **SETTINGS)
        await prepare_schema(settings)
        bus = await connect(BusSettings(nats_url=nats_url, nats_user="orchestrator"), "orchestrator")
        pool = await open_pool(settings, "orchestrator")
        reader = await psycopg.AsyncConnection.connect(database_url, autocommit=True, row_factory=dict_row)
        return cls(Collaborators(bus, pool, settings, Secrets(settings.master_key)), reader)

    async def close(self) -> None:
        await self.reader.close()
        await self.collaborators.pool.close()
        await self.collaborators.bus.close()

    async def begin_anew(self) -> None:
        """Forget everything: an example of its own."""
        await self.reader.execute(
            "TRUNCATE orchestrator.repositories, orchestrator.hosts, orchestrator.history CASCADE"
        )
        await self.reader.execute("TRUNCATE orchestrator.outbox")
        self.run_ids, self.job_ids = {}, {}
        request = rpc.AddRepository(
            forge="github", full_name="octo/demo", clone_url="https://forge.example/octo/demo.git"
        )
        added = await HANDLERS[rpc.AddRepository](self.collaborators, request, "logstream")
        assert isinstance(added, Repository)
        self.repository = added

    async def apply(self, message: Message) -> Reply:
        """Say it to the orchestrator; returns its answer in the model's words."""
        try:
            return await self._say(message)
        except UserError:
            return REFUSED

    async def _say(self, message: Message) -> Reply:
        match message:
            case Trigger():
                return await self._trigger(message)
            case Silence() | JobTimeIsUp() | RunTimeIsUp() | StopIsOld():
                await self._pass_time(message)
                return None
            case Sweep():
                await stop_overdue(self.collaborators)
                await end_lost(self.collaborators, lambda: True)
                return None
            case _:
                request, caller = self._request(message)
                return self._in_words(message, await HANDLERS[type(request)](self.collaborators, request, caller))

    async def _trigger(self, message: Trigger) -> bool:
        assert self.repository
        kind, _, name = message.line.partition("/")
        fields: dict[str, Any] = {"event": "push", "branch": name, "ref": f"refs/heads/{name}"}
        if kind == "pull_request":
            fields = {
                "event": kind,
                "action": "synchronize",
                "pull_request": int(name),
                "ref": f"refs/pull/{name}/head",
            }
        trigger = TriggerReceived(
            trigger_id=trigger_id(self.repository.id, message.delivery),
            repository=self.repository,
            delivery=message.delivery,
            change=Change(sha=message.sha * 40, **fields),
        )
        made = await record_trigger(self.collaborators, trigger)
        if not message.dies_half_way:
            await cancel_superseded(self.collaborators, trigger.trigger_id)
        return made is not None

    def _request(self, message: Message) -> tuple[rpc.Request[Any], str]:
        match message:
            case CancelRun(run):
                return orders.CancelRun(run_id=self._run(run)), "logstream"
            case CancelJob(key):
                return orders.CancelJob(job_id=self._job(key)), "logstream"
            case RerunRun(run, mode, request):
                return orders.RerunRun(run_id=self._run(run), mode=mode, request_id=request), "logstream"
            case RerunJob(key, request):
                return orders.RerunJob(job_id=self._job(key), request_id=request), "logstream"
            case Beat(host, held):
                refs = [AttemptRef(job_id=self._job(key), attempt=attempt) for key, attempt in held]
                beat = rpc.Heartbeat(runner=host, replica="r1", slots=2, pool="default", attempts=refs)
                return beat, f"runner-{host}"
            case Claim() | Began() | Ended() | Spawn() | EndOwnRun() | StopOwnJob():
                return self._report(message), f"runner-{message.host}"
            case _:
                raise AssertionError(message)

    def _report(self, message: Claim | Began | Ended | Spawn | EndOwnRun | StopOwnJob) -> rpc.Request[Any]:
        of: dict[str, Any] = {"job_id": self._job(message.job), "attempt": message.attempt, "runner": message.host}
        now = datetime.now(UTC)
        match message:
            case Claim():
                return rpc.ClaimJob(**of, public_key=_KEYS.public)
            case Began():
                return rpc.JobBegan(**of, started_at=now)
            case Ended(state=state, exit_code=code, programs=programs):
                found = None if programs is None else Prepared(programs=[_program(wish) for wish in programs])
                return rpc.JobEnded(**of, state=state, ended_at=now, exit_code=code, prepared=found)
            case Spawn(key=key, may_fail=may_fail, is_detached=is_detached):
                name = child_name(message.job[1], key)
                wanted = Program(name=name, path=f".tisktask/push/{key}")
                flags = {"may_fail": may_fail, "is_detached": is_detached}
                request = f"{message.attempt}-{key}"
                return job_requests.SpawnJob(**of, request_id=request, key=key, program=wanted, **flags)
            case EndOwnRun(state=state):
                return job_requests.EndRun(**of, state=state, reason="")
            case StopOwnJob(target=target):
                return job_requests.StopOwnJob(**of, target=self._job(target))

    def _in_words(self, message: Message, reply: Any) -> Reply:
        match reply:
            case rpc.Accepted():
                return reply.accepted
            case rpc.JobGrant():
                assert reply.granted == (reply.spec is not None)
                return reply.granted
            case rpc.HeartbeatReply():
                keys = {made: key for key, made in self.job_ids.items()}
                return Orders(
                    frozenset((keys[order.job_id], order.attempt, str(order.state)) for order in reply.stop),
                    frozenset((keys[ref.job_id], ref.attempt) for ref in reply.fenced),
                )
            case job_requests.Spawned():
                return reply.name
            case orders.RunMade():
                assert isinstance(message, RerunRun | RerunJob)
                return message.request
            case _:
                raise AssertionError(reply)

    async def _pass_time(self, message: Silence | JobTimeIsUp | RunTimeIsUp | StopIsOld) -> None:
        query: LiteralString
        match message:
            case Silence(host):
                query, what = "attempts SET lease_until = {} WHERE finished_at IS NULL AND runner = %s", host
            case JobTimeIsUp(key):
                query, what = "attempts SET deadline_at = {} WHERE finished_at IS NULL AND job_id = %s", self._job(key)
            case RunTimeIsUp(run):
                query, what = "runs SET created_at = {} WHERE id = %s", self._run(run)
            case StopIsOld(key):
                query = "jobs SET stop_requested_at = {} WHERE stop_state IS NOT NULL AND id = %s"
                what = self._job(key)
        await self.reader.execute("UPDATE orchestrator." + query.format(_HOUR_AGO), (what,))

    async def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        return await (await self.reader.execute(query)).fetchall()

    async def view(self) -> View:
        """Read all runs and jobs as they are now."""
        runs = await self.rows(
            "SELECT run.id, coalesce(run.rerun_request_id, trigger.delivery) AS key, run.state, run.stop_state"
            " FROM orchestrator.runs AS run JOIN orchestrator.triggers AS trigger ON trigger.id = run.trigger_id"
        )
        self.run_ids = {row["key"]: row["id"] for row in runs}
        keys = {made: key for key, made in self.run_ids.items()}
        attempts = await self.rows(
            "SELECT job_id, attempt, runner, state, started_at, finished_at FROM orchestrator.attempts ORDER BY 1, 2"
        )
        jobs = await self.rows(
            "SELECT id, run_id, name, state, attempt, runner, stop_state, retries_used, may_fail, result"
            " FROM orchestrator.jobs"
        )
        self.job_ids = {(keys[row["run_id"]], row["name"]): row["id"] for row in jobs}
        views = {(keys[row["run_id"]], row["name"]): _job_view(row, attempts) for row in jobs}
        return View({row["key"]: (row["state"], row["stop_state"]) for row in runs}, views)

    def _run(self, key: str) -> RunId:
        return RunId(self.run_ids[key])

    def _job(self, key: Key) -> JobId:
        return JobId(self.job_ids[key])


def _program(wish: Wish) -> Program:
    policy = Policy(retries=wish.retries, on_lost=wish.on_lost, on_codes=list(wish.on_codes))
    return Program(name=wish.name, path=f".tisktask/push/{wish.name}", policy=policy)


def _job_view(row: dict[str, Any], attempts: list[dict[str, Any]]) -> JobView:
    own = tuple(
        (
            held["attempt"],
            held["runner"],
            held["state"],
            held["started_at"] is not None,
            held["finished_at"] is not None,
        )
        for held in attempts
        if held["job_id"] == row["id"]
    )
    return JobView(
        row["state"],
        row["attempt"],
        row["runner"],
        row["stop_state"],
        row["retries_used"],
        row["may_fail"],
        row["result"],
        own,
    )


@contextmanager
def running_reality(nats: NatsServer, database_url: str) -> Iterator[tuple[Reality, asyncio.Runner]]:
    """A reality with an event loop of its own, for tests that are not asynchronous."""
    with asyncio.Runner() as runner:
        reality = runner.run(Reality.open(nats.url, database_url))
        yield reality, runner
        runner.run(reality.close())
