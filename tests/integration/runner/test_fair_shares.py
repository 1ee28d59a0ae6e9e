"""Two hosts, one of them with a label, and repositories that want more than there is: limits hold, nobody starves."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, staging
from scripted_host import Script, ScriptedJob, hosting
from tisktask_common.bus.connection import Bus
from tisktask_common.repository_settings import ChangeRepository
from tisktask_runner.slots import Slots

FLOOD = 120
#: What is offered ahead (two jobs for each of four slots), before each of the three jobs that the small run has one
#: after the other, and as much again for what begins while something is on its way.
BEFORE_MAX = 2 * 3 * 2 * 4


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """An offer that nobody claims is never made again by itself."""
    async with staging(bus, nats_server.url, database_url, unclaimed_seconds=3600) as stage:
        yield stage


class AtWork:
    """Counts jobs at work, by the beginning of their name."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def work(self, job: ScriptedJob) -> None:
        kind = job.name.partition("-")[0]
        self.now[kind] += 1
        self.most[kind] = max(self.most[kind], self.now[kind])
        # As long as any request takes: others are claimed meanwhile.
        await job.shop.bus.client.flush()
        await self.may_end.wait()
        self.now[kind] -= 1


def spawning(*children: tuple[str, ...]):
    async def program(job: ScriptedJob) -> None:
        for name, *labels in children:
            await job.spawn(name, *labels)

    return program


def labelled(kind: str, count: int) -> list[tuple[str, ...]]:
    """Names of children; every other one asks for a label."""
    return [(f"{kind}-{number}", "gpu") if number % 2 else (f"{kind}-{number}",) for number in range(count)]


async def until_ended(stage: Stage, runs: int) -> None:
    async with asyncio.timeout(90):
        while True:
            rows = await stage.rows("SELECT state FROM api.runs WHERE finished_at IS NOT NULL")
            assert {row["state"] for row in rows} <= {"succeeded"}
            if len(rows) == runs:
                return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(120)
async def test_a_repository_with_many_jobs_does_not_starve_one_with_a_few(stage: Stage, tmp_path: Path) -> None:
    at_work = AtWork()
    flood, few = labelled("flood", FLOOD), [("few-0",), ("few-1", "gpu")]
    script = Script(["many"], {"many": spawning(*flood), "small": spawning(*few)})
    script.programs |= dict.fromkeys([name for name, *_ in [*flood, *few]], at_work.work)
    async with (
        hosting(stage, script, tmp_path / "one", name="one", slots=Slots(2, 8), labels=("gpu",)),
        hosting(stage, script, tmp_path / "two", name="two", slots=Slots(2, 8)),
    ):
        await stage.trigger(await stage.add_repository("octo/many"), "many")

        async def has_begun() -> bool:
            return len(script.began) > 10

        await eventually(has_begun, "the many are at work")
        script.roots[:] = ["small"]
        # How long a webhook takes is not what is tried.
        at_work.may_end.clear()
        await stage.trigger(await stage.add_repository("octo/few"), "few")
        await eventually(lambda: stage.rows("SELECT id FROM api.runs WHERE repository = 'octo/few'"), "it is a run")
        before = len(script.began)
        at_work.may_end.set()
        await until_ended(stage, 2)
    few_at = [script.began.index(name) for name, *_ in few]
    assert max(few_at) - before <= BEFORE_MAX
    assert sorted(script.ended) == sorted(["many", "small", *(name for name, *_ in [*flood, *few])])
    assert {script.ran_on[name] for name, *labels in [*flood, *few] if labels} == {"one"}


@pytest.mark.timeout(120)
async def test_a_limit_holds_on_two_hosts_with_the_label_and_no_place_stays_empty(stage: Stage, tmp_path: Path) -> None:
    """Both are offered jobs for the same place; who comes too late is offered another at once when there is one."""
    at_work = AtWork()
    jobs = [(f"job-{number}", "gpu") for number in range(24)]
    script = Script(["root"], {"root": spawning(*jobs)})
    script.programs |= dict.fromkeys([name for name, _ in jobs], at_work.work)
    repository = await stage.add_repository("octo/limited")
    await stage.bus.request(ChangeRepository(repository_id=repository.id, jobs_max=3))
    async with (
        hosting(stage, script, tmp_path / "one", name="one", slots=Slots(4, 8), labels=("gpu",)),
        hosting(stage, script, tmp_path / "two", name="two", slots=Slots(4, 8), labels=("gpu", "big")),
    ):
        await stage.trigger(repository, "limited")
        await until_ended(stage, 1)
    assert len(script.ended) == len(jobs) + 1
    assert 1 <= at_work.most["job"] <= 3
