"""Sockets of jobs that are at work before a real orchestrator: all but the pods. Clients are redis-py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis.asyncio

from orchestrator_family import ActingJob, begin, begin_run
from orchestrator_stage import Stage, TestRunner
from tisktask_common.ids import JobId
from tisktask_common.rpc import AttemptRef, JobSpec, Policy
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.jobsocket.command import CommandTable
from tisktask_runner.jobsocket.commands.data import RunData
from tisktask_runner.jobsocket.commands.jobs import Jobs
from tisktask_runner.jobsocket.commands.locks import Locks
from tisktask_runner.jobsocket.commands.messages import Channels
from tisktask_runner.jobsocket.commands.page import Page
from tisktask_runner.jobsocket.commands.run import RunEnd
from tisktask_runner.jobsocket.commit import Commit
from tisktask_runner.jobsocket.programs import CommitFiles, ImageSource
from tisktask_runner.jobsocket.repeats import Repeats
from tisktask_runner.jobsocket.server import JobSocket
from tisktask_runner.jobsocket.voice import Voice
from tisktask_runner.messages import MessageDesk
from tisktask_runner.news import NewsDesk
from tisktask_runner.source.tree import EXECUTABLE, Entry, Listing

_PROGRAMS = (".tisktask/push/build", ".tisktask/push/lint", "tools/gen")
FILES = CommitFiles("a" * 40, Listing("tree", tuple(Entry(path, EXECUTABLE, "b") for path in _PROGRAMS), {}))
#: What programs say about themselves.
POLICIES = {"tools/gen": Policy(retries=2, on_codes=[75], seconds_max=60, labels=["gpu"])}


@dataclass
class SocketOfJob:
    """One job at work, and the socket that its program would have."""

    job: ActingJob
    voice: Voice
    lending: Lending
    path: Path
    socket: JobSocket

    def client(self, **options: Any) -> "redis.asyncio.Redis":
        # Without patience of its own: redis-py's is 5 s, and then it says the same again.
        options = {"socket_timeout": None} | options
        return redis.asyncio.Redis(unix_socket_path=str(self.path), decode_responses=True, **options)

    async def call(self, *words: object) -> object:
        """Send one command on a connection of its own."""
        async with self.client() as client:
            return await client.execute_command(*words)

    async def until_lent(self) -> None:
        """Wait until a command of the job waits for others."""
        async with asyncio.timeout(10):
            while not self.lending.is_lent:
                await asyncio.sleep(0.01)


@dataclass
class SocketStand:
    """Hosts and the sockets of their jobs."""

    stage: Stage
    folder: Path
    stack: AsyncExitStack
    patience_seconds: float = 20
    _desks: dict[str, tuple[NewsDesk, MessageDesk]] = field(default_factory=dict)

    async def start(self, name: str = "host") -> SocketOfJob:
        """A run whose only discovered job is at work."""
        runner = await self.stage.runner(name)
        job = await begin_run(self.stage, runner)
        return await self.open(job, await self._spec(runner, job))

    async def start_child(self, parent: SocketOfJob, child: object, attempt: int = 1) -> SocketOfJob:
        """Claim a job that was spawned, and serve it."""
        work = AttemptRef(job_id=JobId(str(child)), attempt=attempt)
        job = await begin(parent.job.runner, work)
        return await self.open(job, await self._spec(parent.job.runner, job))

    async def open(self, job: ActingJob, spec: JobSpec) -> SocketOfJob:
        path = self.folder / f"{job.id[-8:]}.sock"
        news, messages = await self._desks_of(job.runner)
        lending = Lending()
        voice = Voice(job.runner.bus, job.runner.name, spec, news, lending.lent, self.patience_seconds)
        data, channels = RunData(voice), Channels(voice)
        repeats = Repeats(spec.attempt, self.folder / f"{job.id}.answered")
        jobs = Jobs(voice, Commit(_read_files, _read_policy, "linux/test", ImageSource()), repeats)
        parts = (jobs, data, Locks(voice), channels, Page(voice), RunEnd(voice))
        socket = JobSocket(CommandTable.of(*(part.commands() for part in parts)), data.execute)
        await socket.open(path)
        self.stack.push_async_callback(voice.fall_silent)
        self.stack.push_async_callback(socket.close)
        self.stack.enter_context(messages.listening(spec.run_id, channels.hear))
        return SocketOfJob(job, voice, lending, path, socket)

    async def _spec(self, runner: TestRunner, job: ActingJob) -> JobSpec:
        # Granted again to who holds it.
        spec = (await runner.claim(job.work)).spec
        assert spec
        return spec

    async def _desks_of(self, runner: TestRunner) -> tuple[NewsDesk, MessageDesk]:
        if runner.name not in self._desks:
            desks = NewsDesk(), MessageDesk()
            for desk in desks:
                await desk.open(runner.bus, runner.name)
            self._desks[runner.name] = desks
        return self._desks[runner.name]


@asynccontextmanager
async def socket_stand(stage: Stage, folder: Path) -> AsyncIterator[SocketStand]:
    async with AsyncExitStack() as stack:
        yield SocketStand(stage, folder, stack)


async def _read_files(_: str | None) -> CommitFiles:
    return FILES


async def _read_policy(_: CommitFiles, path: str) -> Policy:
    return POLICIES.get(path, Policy())
