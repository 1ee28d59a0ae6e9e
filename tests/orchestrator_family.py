"""What a job asks for through its runner, for tests of the orchestrator."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from orchestrator_stage import Stage, TestRunner
from tisktask_common.ids import JobId
from tisktask_common.job_requests import (
    Annotate,
    DescribeJob,
    EndRun,
    JobInfo,
    JobsRead,
    ReadJobs,
    Spawned,
    SpawnJob,
    StopOwnJob,
)
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import Accepted, AttemptRef, Program

_requests = count()


@dataclass
class ActingJob:
    """An attempt that a runner holds, and what its program asks for."""

    runner: TestRunner
    work: AttemptRef
    #: Says that another than its runner asks.
    speaks_as: str | None = None
    fields: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.fields = {
            "job_id": self.work.job_id,
            "attempt": self.work.attempt,
            "runner": self.speaks_as or self.runner.name,
        }

    @property
    def id(self) -> JobId:
        return self.work.job_id

    async def spawn(self, name: str = "lint", program: dict[str, Any] | None = None, **fields: Any) -> Spawned:
        made = Program(**({"name": name, "path": f".tisktask/push/{name}"} | (program or {})))
        request = {"request_id": f"request-{next(_requests)}"} | fields
        return await self.runner.bus.request(SpawnJob(**self.fields, program=made, **request))

    async def spawn_with(self, stage: Stage, variables: Any, **fields: Any) -> Spawned:
        return await self.spawn(sealed_environment=await stage.seal(json.dumps(variables)), **fields)

    async def read(self, *targets: JobId) -> list[JobInfo]:
        return (await self.runner.bus.request(ReadJobs(**self.fields, targets=list(targets)))).items

    async def read_page(self, after: JobId | None = None) -> JobsRead:
        return await self.runner.bus.request(ReadJobs(**self.fields, after=after))

    async def stop(self, target: JobId) -> Accepted:
        return await self.runner.bus.request(StopOwnJob(**self.fields, target=target))

    async def end_run(self, state: JobState, reason: str = "") -> Accepted:
        return await self.runner.bus.request(EndRun(**self.fields, state=state, reason=reason))

    async def describe(self, **said: str) -> Accepted:
        return await self.runner.bus.request(DescribeJob(**self.fields, **said))

    async def annotate(self, text: str, **fields: Any) -> Accepted:
        request = {"request_id": f"request-{next(_requests)}"} | fields
        return await self.runner.bus.request(Annotate(**self.fields, text=text, **request))

    async def end(self, state: JobState = JobState.SUCCEEDED, **fields: Any) -> None:
        assert (await self.runner.ended(self.work, state, **fields)).accepted


async def begin(runner: TestRunner, work: AttemptRef) -> ActingJob:
    assert (await runner.claim(work)).granted
    assert (await runner.began(work)).accepted
    return ActingJob(runner, work)


async def begin_child(runner: TestRunner, child: Spawned) -> ActingJob:
    """Claim a child at once: what it waits for on the stream is not what is tested."""
    return await begin(runner, AttemptRef(job_id=child.job_id, attempt=1))


async def begin_run(stage: Stage, runner: TestRunner) -> ActingJob:
    """A run whose only discovered job is at work."""
    _, works = await stage.start_run(runner, "build")
    return await begin(runner, works["build"])


async def states(stage: Stage) -> dict[str, str]:
    """The states of all programs, by name."""
    rows = await stage.rows("SELECT name, state FROM api.jobs WHERE kind = 'program'")
    return {row["name"]: row["state"] for row in rows}


async def only_run(stage: Stage) -> dict[str, Any]:
    (row,) = await stage.rows("SELECT * FROM api.runs")
    return row
