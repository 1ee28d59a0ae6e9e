"""A paused runner takes nothing, neither what was on its way nor after a restart; what runs there goes on to its end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, staging
from scripted_host import Script, ScriptedJob, hosting
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.runner_pauses import PauseRunner
from tisktask_common.subjects import work_subject
from tisktask_runner.slots import Slots


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """An orchestrator; hosts are started by the tests."""
    async with staging(bus, nats_server.url, database_url) as stage:
        yield stage


async def pause(stage: Stage, *, is_paused: bool = True) -> None:
    order = PauseRunner(runner="host", is_paused=is_paused)
    assert (await stage.bus.request(order)).accepted


async def until_heard(stage: Stage, *, has_paused: bool = True) -> None:
    async def told() -> bool:
        query = "SELECT has_paused FROM api.paused_runners JOIN api.runners USING (runner, replica)"
        return [row["has_paused"] for row in await stage.rows(query)] == [has_paused]

    await eventually(told, "the host says that it takes nothing")


async def until_succeeded(stage: Stage, count: int) -> None:
    async def ended() -> bool:
        return len(await stage.rows("SELECT id FROM api.runs WHERE state = 'succeeded'")) == count

    await eventually(ended, f"{count} runs")


async def queued_preparation(stage: Stage) -> dict[str, Any]:
    async def found() -> list[dict[str, Any]]:
        return await stage.rows("SELECT id, run_id FROM api.jobs WHERE state = 'queued' AND kind = 'prepare'")

    return (await eventually(found, "a preparation"))[0]


async def test_a_paused_host_ends_what_runs_takes_nothing_and_goes_on_when_it_is_resumed(
    stage: Stage, tmp_path: Path
) -> None:
    may_end = asyncio.Event()
    has_begun = asyncio.Event()

    async def wait(_job: ScriptedJob) -> None:
        has_begun.set()
        await may_end.wait()

    script = Script(["slow"], {"slow": wait})
    repository = await stage.add_repository()
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(2, 0)) as host:
        await stage.trigger(repository, "first")
        await has_begun.wait()
        await pause(stage)
        await until_heard(stage)
        await stage.trigger(repository, "second")
        job = await queued_preparation(stage)
        # One that a dispatcher has put there before the pause: the host's request for it was on its way.
        body = json.dumps({"run_id": job["run_id"], "job_id": job["id"], "attempt": 1}).encode()
        await stage.bus.publish(Outgoing(work_subject("default", job["id"], 1), body, "before"))
        may_end.set()
        await until_succeeded(stage, 1)
        assert host.worker.has_paused
        assert [row["state"] for row in await stage.rows("SELECT state FROM api.jobs WHERE id = %s", job["id"])] == [
            "queued"
        ]
        await pause(stage, is_paused=False)
        await until_succeeded(stage, 2)


async def test_a_host_that_starts_anew_while_it_is_paused_takes_nothing(stage: Stage, tmp_path: Path) -> None:
    async def nothing(_job: ScriptedJob) -> None: ...

    script = Script(["quick"], {"quick": nothing})
    repository = await stage.add_repository()
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 0)):
        await eventually(lambda: stage.rows("SELECT runner FROM api.runners"), "the host")
        await stage.trigger(repository, "before")
        await until_succeeded(stage, 1)
    await pause(stage)
    await stage.trigger(repository, "meanwhile")
    job = await queued_preparation(stage)
    body = json.dumps({"run_id": job["run_id"], "job_id": job["id"], "attempt": 1}).encode()
    await stage.bus.publish(Outgoing(work_subject("default", job["id"], 1), body, "before"))
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 0)) as host:
        await until_heard(stage)
        assert host.worker.free == 0
        assert script.ended == ["quick"]
        assert len(await stage.rows("SELECT id FROM api.jobs WHERE state = 'queued'")) == 1
        await pause(stage, is_paused=False)
        await until_succeeded(stage, 2)
