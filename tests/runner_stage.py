"""A runner as processes, before a scripted orchestrator that answers it over a real bus."""

import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from git_server import GitRepository, program
from nats_server import NatsServer
from podman_host import IMAGE, PodmanHost
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.events import Change, Repository
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.rpc import (
    Accepted,
    AttemptRef,
    ClaimJob,
    Heartbeat,
    HeartbeatReply,
    JobBegan,
    JobEnded,
    JobGrant,
    JobSpec,
    Limits,
    Program,
    StopOrder,
)
from tisktask_common.sealing import seal
from tisktask_common.subjects import control_subject, work_subject

#: Networks are listed for the whole machine: a name of our own tells ours from those of other tests, also of those that
#: run at the same time.
HOST = f"runner-stage-{os.getpid()}"
_numbers = itertools.count(1)


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something has come true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class ScriptedOrchestrator:
    """Says yes to what a real one would say yes to, and remembers all that it was told."""

    bus: Bus
    specs: dict[str, JobSpec] = field(default_factory=dict)
    #: Variables that a job's parent has given it: sealed for whoever claims it.
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Tokens to fetch with, sealed likewise.
    tokens: dict[str, str] = field(default_factory=dict)
    claims: list[ClaimJob] = field(default_factory=list)
    began: list[JobBegan] = field(default_factory=list)
    ended: dict[str, JobEnded] = field(default_factory=dict)
    beats: list[Heartbeat] = field(default_factory=list)
    fenced: list[AttemptRef] = field(default_factory=list)
    stops: list[StopOrder] = field(default_factory=list)
    #: Jobs whose claims have come and are not answered yet.
    waiting: set[str] = field(default_factory=set)
    #: While it is cleared nobody answers.
    is_here: asyncio.Event = field(default_factory=asyncio.Event)
    #: While it is cleared nobody hears that a program begins.
    hears_begin: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        self.is_here.set()
        self.hears_begin.set()
        for kind, handler in (
            (ClaimJob, self._claim),
            (JobBegan, self._began),
            (JobEnded, self._ended),
            (Heartbeat, self._beat),
        ):
            await self.bus.answer(kind, handler, queue="orchestrator")

    async def submit(self, spec: JobSpec) -> None:
        self.specs[spec.job_id] = spec
        body = {"run_id": spec.run_id, "job_id": spec.job_id, "attempt": spec.attempt}
        subject = work_subject("default", spec.job_id, spec.attempt)
        await self.bus.publish(Outgoing(subject, json.dumps(body).encode(), uuid4().hex))

    async def end_of(self, spec: JobSpec, seconds: float = 40) -> JobEnded:
        await until(lambda: spec.job_id in self.ended, seconds)
        return self.ended[spec.job_id]

    async def begin_of(self, spec: JobSpec) -> JobBegan:
        await until(lambda: any(report.job_id == spec.job_id for report in self.began))
        return next(report for report in self.began if report.job_id == spec.job_id)

    async def order_stop(self, spec: JobSpec, state: JobState = JobState.CANCELLED) -> None:
        order = StopOrder(job_id=spec.job_id, attempt=spec.attempt, state=state, reason="A person cancelled it.")
        await self.bus.client.publish(control_subject(HOST), order.model_dump_json().encode())

    async def _claim(self, request: ClaimJob, caller: str) -> JobGrant:
        self.waiting.add(request.job_id)
        await self.is_here.wait()
        self.waiting.discard(request.job_id)
        self.claims.append(request)
        spec = self.specs[request.job_id]
        if request.job_id in self.ended or request.attempt != spec.attempt:
            return JobGrant(granted=False, reason="it has ended")
        if variables := self.environments.get(request.job_id):
            sealed = seal(SecretStr(json.dumps(variables)), request.public_key)
            spec = spec.model_copy(update={"sealed_environment": sealed})
        if token := self.tokens.get(request.job_id):
            sealed = seal(SecretStr(token), request.public_key)
            spec = spec.model_copy(update={"sealed_token": sealed})
        return JobGrant(granted=True, spec=spec)

    async def _began(self, request: JobBegan, caller: str) -> Accepted:
        await self.hears_begin.wait()
        self.began.append(request)
        return Accepted(accepted=True)

    async def _ended(self, request: JobEnded, caller: str) -> Accepted:
        await self.is_here.wait()
        assert self.ended.setdefault(request.job_id, request) == request, "an attempt has two different ends"
        return Accepted(accepted=True)

    async def _beat(self, request: Heartbeat, caller: str) -> HeartbeatReply:
        await self.is_here.wait()
        self.beats.append(request)
        return HeartbeatReply(stop=self.stops, fenced=self.fenced)


@dataclass
class RunnerStage:
    """One host's Podman, a bus, an orchestrator, a repository, and runner processes as a test wants them."""

    host: PodmanHost
    nats: NatsServer
    orchestrator: ScriptedOrchestrator
    repository: GitRepository
    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.host.storage.state

    @property
    def attempts(self) -> list[str]:
        return [path.name for path in (self.state / "jobs").glob("*")]

    def start(self, replica: str = "1", **settings: str) -> "subprocess.Popen[bytes]":
        process = start_runner(self.host, self.nats, self.folder / f"runner-{replica}.log", replica, **settings)
        self.processes.append(process)
        return process

    async def terminate(self, process: "subprocess.Popen[bytes]", seconds: float = 20) -> int:
        process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(process.wait, seconds)

    async def kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        await asyncio.to_thread(process.wait)

    def runner_log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("runner-*.log")))

    def spec(self, sha: str, path: str | None = ".tisktask/push/job", **changes: object) -> JobSpec:
        """A job that runs `path` of the commit; without a path, the commit's preparation."""
        number = next(_numbers)
        fields: dict[str, object] = {
            "run_id": RunId("run_1"),
            "run_number": 1,
            "job_id": JobId(f"job_{number}"),
            "attempt": 1,
            "kind": JobKind.PROGRAM if path else JobKind.PREPARE,
            "name": path.rpartition("/")[2] if path else "prepare",
            "repository": Repository(id=RepositoryId("repo_1"), forge="local", full_name="o/r"),
            "trigger_id": TriggerId(f"trg_{number}"),
            "delivery": "d1",
            "payload_chunks": 0,
            "change": Change(event="push", sha=sha, ref="refs/heads/main", branch="main"),
            "clone_url": str(self.repository.path),
            "program": Program(name="job", path=path) if path else None,
            "limits": Limits(grace_seconds=2),
        }
        return JobSpec(**{**fields, **changes})  # type: ignore[arg-type]

    def script(self, text: str) -> str:
        """Commit a job that is a shell script; the commit's id."""
        files = {".tisktask/push/job": program(f"#!/bin/sh\n{text}\n")}
        # A branch for each: a commit that is in none can not be fetched.
        return self.repository.commit(files, f"refs/heads/branch-{next(_numbers)}")

    async def run(self, text: str, **changes: object) -> tuple[JobSpec, JobEnded]:
        """Run a shell script as a job, to its end."""
        spec = self.spec(self.script(text), **changes)
        await self.orchestrator.submit(spec)
        return spec, await self.orchestrator.end_of(spec)

    async def until_nothing_is_left(self) -> None:
        """No attempt on disk, and nothing of any in Podman."""
        await until(lambda: not self.attempts)
        leftovers = await asyncio.to_thread(self.leftovers)
        assert not leftovers, leftovers

    def leftovers(self) -> str:
        label = f"label=tisktask.host={HOST}"
        return "".join(
            self.host.podman(*command)
            for command in (
                ("ps", "--all", "--external", "--noheading"),
                ("pod", "ls", "--noheading"),
                ("network", "ls", "--noheading", "--filter", label),
            )
        )


def start_runner(
    host: PodmanHost, nats: NatsServer, log_path: Path, replica: str = "1", **settings: str
) -> "subprocess.Popen[bytes]":
    environment = {
        "TISKTASK_NATS_URL": nats.url,
        "TISKTASK_NATS_USER": f"runner-{HOST}",
        "TISKTASK_RUNNER": HOST,
        "TISKTASK_REPLICA": replica,
        "TISKTASK_LISTEN": "127.0.0.1:0",
        "TISKTASK_STATE_DIR": str(host.storage.state),
        "TISKTASK_PODMAN_SOCKET": str(host.socket),
        "TISKTASK_PODMAN_ROOT": str(host.storage.root),
        "TISKTASK_PODMAN_RUNROOT": str(host.storage.runroot),
        "TISKTASK_DEFAULT_IMAGE": IMAGE,
        "TISKTASK_SLOTS": "2",
        "TISKTASK_LOG_FORMAT": "text",
    }
    with log_path.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tisktask_runner"],
            env={**os.environ, **environment, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


@asynccontextmanager
async def open_stage(host: PodmanHost, nats: NatsServer, bus: Bus, folder: Path) -> AsyncIterator[RunnerStage]:
    """Yield the stage without a runner; at the end its runners are killed and what they have left is removed."""
    if HOST not in host.hosts:
        host.hosts.append(HOST)
    orchestrator = ScriptedOrchestrator(bus)
    await orchestrator.start()
    stage = RunnerStage(host, nats, orchestrator, GitRepository.create(folder / "repository"), folder)
    try:
        yield stage
    finally:
        for process in stage.processes:
            process.kill()
            process.wait()
        with suppress(TimeoutError):
            # Another test's runner may still be at it.
            await until(lambda: not stage.attempts, 0 if stage.processes else 10)
        for name in stage.attempts:
            shutil.rmtree(stage.state / "jobs" / name, ignore_errors=True)
        if stage.leftovers():
            host.clean()
        print(stage.runner_log())
