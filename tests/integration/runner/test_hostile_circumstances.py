"""A runner whose disk is full, and one that is given work messages that are none."""

import asyncio
import json
from pathlib import Path

import pytest

from runner_logs import LogArchive
from runner_stage import RunnerStage, until
from small_disk import small_disk
from tisktask_common.bus.connection import Outgoing
from tisktask_common.bus.dead_letters import list_dead_letters
from tisktask_common.lifecycle import JobState
from tisktask_common.subjects import work_consumer

POISONS = [b"\xff\x00", b"[" * 50_000, b'{"job_id": 5}', b'{"job_id": "job_x", "attempt": "no"}', b"{}" + b" " * 500_000]


async def test_work_that_is_none_lies_with_the_dead_letters_and_what_is_behind_it_runs(stage: RunnerStage) -> None:
    bus, consumer = stage.orchestrator.bus, work_consumer("default")
    for number, data in enumerate(POISONS):
        await bus.publish(Outgoing(f"work.default.job_x.{number}", data, f"poison-{number}"))
    # With a runner the failures take minutes, for it pauses in between.
    subscription = await bus.jetstream.pull_subscribe_bind(consumer.name, consumer.stream)
    for _ in range(consumer.deliveries_max - 1):
        taken = 0
        while taken < len(POISONS):
            for message in await subscription.fetch(len(POISONS) - taken, timeout=5):
                await message.nak()
                taken += 1
    await subscription.unsubscribe()
    stage.start()
    _, end = await stage.run("echo fine")
    assert end.state is JobState.SUCCEEDED
    async with asyncio.timeout(30):
        while len(letters := [letter async for letter in list_dead_letters(bus)]) < len(POISONS):
            await asyncio.sleep(0.05)
    assert sorted(letter.data for letter in letters) == sorted(POISONS)
    assert {(letter.consumer, letter.deliveries) for letter in letters} == {(consumer.name, 20)}


async def test_x(stage: RunnerStage, archive: LogArchive, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        process = stage.start(TISKTASK_STATE_DIR=str(disk.path / "state"))
        _, end = await stage.run("echo fine")
        assert end.state is JobState.SUCCEEDED
        disk.fill()
        spec = stage.spec(stage.script("echo later"))
        await stage.orchestrator.submit(spec)
        try:
            end = await stage.orchestrator.end_of(spec, 20)
        except TimeoutError:
            end = None
        print("END", end)
        print(stage.runner_log()[-6000:])
        disk.free()
        spec = stage.spec(stage.script("echo later"))
        await stage.orchestrator.submit(spec)
        end = await stage.orchestrator.end_of(spec, 20)
        print("END2", end)
        await stage.kill(process)
        assert 0
