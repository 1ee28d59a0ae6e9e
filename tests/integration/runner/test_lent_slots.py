"""Jobs that wait for others lend their slots: with any number of slots, whatever has been started comes to its end."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, staging
from scripted_host import Script, ScriptedJob, hosting, start_host
from tisktask_common.bus.connection import Bus
from tisktask_runner.slots import Slots


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str):
    async with staging(bus, nats_server.url, database_url) as stage:
        yield stage


async def trigger_runs(stage: Stage, count: int, repositories: int = 1) -> None:
    for number in range(count):
        repository = await stage.add_repository(f"octo/r{number % repositories}")
        await stage.trigger(repository, f"delivery-{number}")


async def until_succeeded(stage: Stage, count: int) -> None:
    async def probe() -> bool:
        rows = await stage.rows("SELECT state FROM api.runs WHERE finished_at IS NOT NULL")
        assert {row["state"] for row in rows} <= {"succeeded"}, rows
        return len(rows) == count

    async with asyncio.timeout(60):
        while not await probe():
            await asyncio.sleep(0.05)


async def do_nothing(_job: ScriptedJob) -> None:
    pass


def executes(name: str):
    async def program(job: ScriptedJob) -> None:
        await job.execute(name)

    return program


async def test_a_chain_of_waiting_jobs_ends_on_a_single_slot(stage: Stage, tmp_path: Path) -> None:
    script = Script(["a"], {"a": executes("b"), "b": executes("c"), "c": executes("d"), "d": do_nothing})
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 64)) as host:
        await trigger_runs(stage, 1)
        await until_succeeded(stage, 1)
    assert script.ended == ["d", "c", "b", "a"]
    assert host.roster.lent_most == 3


@pytest.mark.parametrize("lent_max", [0, 1, 64])
async def test_unrelated_parents_share_a_single_slot(stage: Stage, tmp_path: Path, lent_max: int) -> None:
    script = Script(["a"], {"a": executes("b"), "b": do_nothing})
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, lent_max)):
        await trigger_runs(stage, 9, repositories=3)
        await until_succeeded(stage, 9)
    assert script.began.count("a") == script.began.count("b") == 9


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_trees_end_on_two_small_hosts(stage: Stage, tmp_path: Path, seed: int) -> None:
    """Each job starts some, waits for some of them in an order of its own, then works on."""
    choice = random.Random(seed)
    depth = 4

    def grow(level: int, name: str):
        children = [f"{name}{number}" for number in range(choice.randint(0, 3) if level < depth else 0)]
        for child in children:
            script.programs[child] = grow(level + 1, child)
        waited = choice.sample(children, choice.randint(0, len(children)))

        async def program(job: ScriptedJob) -> None:
            jobs = {child: await job.spawn(child) for child in children}
            for child in waited:
                await job.wait(jobs[child])

        return program

    script = Script(["t"], {})
    script.programs["t"] = grow(0, "t")
    async with (
        hosting(stage, script, tmp_path / "one", name="one", slots=Slots(1, 1)),
        hosting(stage, script, tmp_path / "two", name="two", slots=Slots(1, 0)),
    ):
        await trigger_runs(stage, 2, repositories=2)
        await until_succeeded(stage, 2)
    assert sorted(script.ended) == sorted(list(script.programs) * 2)


async def test_who_wakes_up_goes_on_and_nothing_new_is_taken_until_there_is_a_slot(
    stage: Stage, tmp_path: Path
) -> None:
    gate, end = asyncio.Event(), asyncio.Event()

    async def sleeper(job: ScriptedJob) -> None:
        async with job.lending.lent():
            await gate.wait()
        await end.wait()

    names = ["s1", "s2", "s3", "s4"]
    script = Script(names, dict.fromkeys(names, sleeper) | {"next": do_nothing})
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 64)) as host:
        await trigger_runs(stage, 1)
        await until(lambda: host.roster.lent == 4)
        gate.set()
        await until(lambda: host.roster.lent == 0)
        await until_told(stage, waiting=0)
        script.roots[:] = ["next"]
        await stage.trigger(await stage.add_repository("octo/other"), "other")
        await eventually(lambda: stage.rows("SELECT id FROM api.jobs WHERE state = 'queued'"), "the second run waits")
        # It comes to the stream in spite of the lack of room: what was asked for before finds no slot.
        await stage.rows("UPDATE orchestrator.jobs SET dispatched_at = now() - interval '1 day' WHERE state = 'queued'")
        await eventually(lambda: waits_on_stream(stage), "nobody asks for it any more")
        assert (host.roster.busy, host.worker.free) == (4, 0)
        end.set()
        await until_succeeded(stage, 2)
    assert script.ended[-1] == "next"


async def test_what_a_dead_process_has_left_lends_again_and_ends(stage: Stage, tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def child(_job: ScriptedJob) -> None:
        await gate.wait()

    script = Script(["a"], {"a": executes("b"), "b": executes("c"), "c": child})
    dead = await start_host(stage, script, tmp_path / "jobs", slots=Slots(1, 64))
    await trigger_runs(stage, 2)
    await until(lambda: script.began.count("c") == 1)
    await dead.die()
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 64)):
        gate.set()
        await until_succeeded(stage, 2)
    assert sorted(script.ended) == ["a", "a", "b", "b", "c", "c"]
    assert len(await stage.rows("SELECT id FROM api.jobs WHERE kind = 'program'")) == 6


async def test_a_job_goes_to_the_host_that_has_its_labels(stage: Stage, tmp_path: Path) -> None:
    async def parent(job: ScriptedJob) -> None:
        await job.execute("train", "gpu", "big")
        await job.execute("plain")

    script = Script(["a"], {"a": parent, "train": do_nothing, "plain": do_nothing})
    async with (
        hosting(stage, script, tmp_path / "one", name="one", slots=Slots(2, 64)),
        hosting(stage, script, tmp_path / "small", name="small", slots=Slots(1, 64), labels=("gpu",)),
        hosting(stage, script, tmp_path / "gpu", name="gpu", slots=Slots(1, 64), labels=("big", "gpu", "more")),
    ):
        await trigger_runs(stage, 4)
        await until_succeeded(stage, 4)
    assert script.ran_on["train"] == "gpu"


async def test_a_job_waits_for_a_host_with_its_labels(stage: Stage, tmp_path: Path) -> None:
    async def parent(job: ScriptedJob) -> None:
        await job.execute("train", "gpu")

    script = Script(["a"], {"a": parent, "train": do_nothing})
    async with hosting(stage, script, tmp_path / "one", name="one", slots=Slots(1, 64)):
        await trigger_runs(stage, 1)
        await eventually(lambda: stage.rows("SELECT id FROM api.jobs WHERE labels = '{gpu}'"), "it is queued")
        # Others pass it meanwhile.
        script.roots[:] = ["plain"]
        script.programs["plain"] = do_nothing
        await stage.trigger(await stage.add_repository("octo/other"), "other")
        await until_succeeded(stage, 1)
        async with hosting(stage, script, tmp_path / "gpu", name="gpu", slots=Slots(1, 64), labels=("gpu",)):
            await until_succeeded(stage, 2)
    assert script.ended == ["plain", "train", "a"]


async def test_on_a_busy_host_jobs_with_labels_and_others_all_get_their_turn(stage: Stage, tmp_path: Path) -> None:
    async def parent(job: ScriptedJob) -> None:
        await job.execute("train", "gpu")

    async def train(job: ScriptedJob) -> None:
        await job.execute("plain")

    script = Script(["a"], {"a": parent, "train": train, "plain": do_nothing})
    async with hosting(stage, script, tmp_path / "jobs", slots=Slots(1, 0), labels=("gpu",)):
        await trigger_runs(stage, 10, repositories=3)
        await until_succeeded(stage, 10)
    assert script.ended.count("train") == 10


async def waits_on_stream(stage: Stage) -> bool:
    info = await stage.bus.jetstream.consumer_info("WORK", "pool-default")
    return bool(info.num_pending or info.num_ack_pending or info.num_redelivered) and not info.num_waiting


async def until(condition: Callable[[], bool]) -> None:
    async def probe() -> bool:
        return condition()

    await eventually(probe, "it comes true")


async def until_told(stage: Stage, waiting: int) -> None:
    await eventually(
        lambda: stage.rows("SELECT runner FROM orchestrator.runners WHERE waiting = %s", waiting), "it is told"
    )
