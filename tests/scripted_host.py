"""A runner host whose jobs are functions of a test instead of pods; all else of it is real: claims, slots, heartbeats."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator_stage import Stage, prepared
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.ids import JobId
from tisktask_common.job_requests import ReadJobs, SpawnJob
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import JobBegan, JobEnded, Program, StopOrder
from tisktask_common.sealing import KeyPair
from tisktask_common.subjects import WORK_TOPIC
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import attempt_name
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.attempt.roster import Roster
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.heartbeat import Presence, beat_forever
from tisktask_runner.news import NewsDesk
from tisktask_runner.slots import Slots
from tisktask_runner.worker import Hold, Worker

POLL_SECONDS = 0.5


@dataclass
class Script:
    """What the jobs of all hosts do, by the name of their program, and what has been done."""

    #: Programs of every run.
    roots: list[str]
    programs: dict[str, Callable[["ScriptedJob"], Awaitable[None]]]
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    #: Name of the host by the name of the job's program.
    ran_on: dict[str, str] = field(default_factory=dict)


@dataclass
class ScriptedJob:
    """A job at work, as its program sees itself."""

    shop: Workshop
    custody: Custody
    lending: Lending
    script: Script

    @property
    def name(self) -> str:
        spec = self.custody.record.spec
        return spec.program.path.rpartition("/")[2] if spec.program else spec.name

    @property
    def fields(self) -> dict[str, Any]:
        ref = self.custody.record.ref
        return {"job_id": ref.job_id, "attempt": ref.attempt, "runner": self.shop.runner}

    async def spawn(self, name: str, *labels: str) -> JobId:
        """Start a job; again in another attempt of its supervisor: the same one."""
        program = Program(name=name, path=f".tisktask/push/{name}")
        request = SpawnJob(**self.fields, request_id=name, key=name, program=program, labels=list(labels))
        return (await self.shop.bus.request(request)).job_id

    async def wait(self, target: JobId) -> JobState:
        run = self.custody.record.spec.run_id
        with self.shop.news.listening(run, ["jobs"]) as heard:
            async with self.lending.lent():
                while True:
                    (job,) = (await self.shop.bus.request(ReadJobs(**self.fields, targets=[target]))).items
                    if job.state in JOB_ENDS:
                        return job.state
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await heard.wait()
                    heard.clear()

    async def execute(self, name: str, *labels: str) -> None:
        assert await self.wait(await self.spawn(name, *labels)) == JobState.SUCCEEDED


class ScriptedAttempt:
    """Stands where a supervised pod would."""

    def __init__(self, job: ScriptedJob) -> None:
        self._job = job
        self.ref = job.custody.record.ref
        self.is_adopted = job.custody.is_adopted
        self.lending = job.lending
        self.has_ended = asyncio.Event()
        self.is_settled = False

    async def run(self) -> None:
        job, fields = self._job, self._job.fields
        try:
            await job.shop.bus.request(JobBegan(**fields, started_at=datetime.now(UTC)))
            report = {"state": JobState.SUCCEEDED, "ended_at": datetime.now(UTC)}
            if job.custody.record.spec.kind is JobKind.PREPARE:
                report["prepared"] = prepared(*job.script.roots)
            else:
                job.script.began.append(job.name)
                job.script.ran_on[job.name] = job.shop.runner
                await job.script.programs[job.name](job)
                job.script.ended.append(job.name)
            self.has_ended.set()
            await job.shop.bus.request(JobEnded(**fields, **report))
            self.is_settled = True
            job.custody.directory.remove()
        finally:
            self.has_ended.set()
            job.custody.lock.release()


class ScriptedRoster(Roster):
    """Supervises scripted attempts."""

    def __init__(self, shop: Workshop, script: Script) -> None:
        super().__init__(shop)
        self._script = script
        self.lent_most = 0
        self.at_work_most = 0
        self.on_lending(self._note)

    def take(self, custody: Custody) -> Any:
        job = ScriptedJob(self._shop, custody, Lending(self._tell_of_lending), self._script)
        attempt: Any = ScriptedAttempt(job)
        self._attempts[attempt_name(attempt.ref)] = attempt
        task = asyncio.create_task(self._supervise(attempt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._note()
        return attempt

    def stop(self, order: StopOrder) -> bool:
        return False

    def _note(self) -> None:
        self.lent_most = max(self.lent_most, self.lent)
        self.at_work_most = max(self.at_work_most, self.busy - self.lent)


@dataclass
class Host:
    """One process of a runner host."""

    bus: Bus
    roster: ScriptedRoster
    worker: Worker
    presence: Presence
    tasks: list["asyncio.Task[None]"]

    async def die(self) -> None:
        """End as by SIGKILL: nothing is said to anybody, and what it holds is left as it is."""
        for task in self.tasks:
            task.cancel()
        await self.roster.leave_all()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.roster.leave_all()
        await self.bus.close()


async def start_host(
    stage: Stage, script: Script, folder: Path, *, name: str = "host", slots: Slots, labels: tuple[str, ...] = ()
) -> Host:
    bus = await connect(BusSettings(nats_url=stage.nats_url, nats_user=f"runner-{name}"), "runner")
    folder.mkdir(exist_ok=True)
    nothing: Any = None
    desk = NewsDesk()
    shop = Workshop(
        runner=name,
        jobs=folder,
        bus=bus,
        engine=nothing,
        mirrors=nothing,
        images=nothing,
        lane=nothing,
        news=desk,
        keys=KeyPair.generate(),
    )
    roster = ScriptedRoster(shop, script)
    presence = Presence(name, "1", "default", slots.own, list(labels), asyncio.Event())
    worker = Worker(shop, roster, "default", slots, presence.is_due)
    worker.hold(Hold.UNHEARD)
    roster.on_lending(presence.is_due.set)
    await desk.open(bus, name)
    works = [
        worker.puller.run(),
        worker.adopt_forever(),
        beat_forever(bus, presence, roster, worker),
        _hear_of_work(desk, presence),
    ]
    return Host(bus, roster, worker, presence, [asyncio.create_task(work) for work in works])


@asynccontextmanager
async def hosting(stage: Stage, script: Script, folder: Path, **fields: Any) -> AsyncIterator[Host]:
    host = await start_host(stage, script, folder, **fields)
    try:
        yield host
        assert not any(task.done() for task in host.tasks), host.tasks
    finally:
        await host.die()


async def _hear_of_work(desk: NewsDesk, presence: Presence) -> None:
    with desk.listening(presence.runner, [WORK_TOPIC]) as heard:
        while True:
            await heard.wait()
            heard.clear()
            presence.is_due.set()
