"""A runner whose disk is full, and one that is given work messages that are none."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from podman_host import IMAGE
from runner_logs import LogArchive
from runner_stage import RunnerStage, until
from sidecar_stage import IDLE
from small_disk import SmallDisk, small_disk
from tisktask_common.bus.connection import Outgoing
from tisktask_common.bus.dead_letters import list_dead_letters
from tisktask_common.lifecycle import JobState
from tisktask_common.subjects import work_consumer

POISONS = [
    b"\xff\x00",
    b"[" * 50_000,
    b'{"job_id": 5}',
    b'{"job_id": "job_x", "attempt": "no"}',
    b"{}" + b" " * 500_000,
]


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


def start_on(stage: RunnerStage, disk: SmallDisk) -> None:
    stage.start(TISKTASK_STATE_DIR=str(disk.path / "state"), TISKTASK_DISK_FREE_BYTES_MIN=str(2 * 1024 * 1024))


async def test_with_a_full_disk_no_work_is_taken_what_runs_can_be_stopped_and_all_goes_on_when_there_is_room(
    stage: RunnerStage, archive: LogArchive, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        start_on(stage, disk)
        at_work = stage.spec(stage.script("trap 'exit 3' TERM; echo at work; while :; do sleep 0.1; done"))
        await stage.orchestrator.submit(at_work)
        await stage.orchestrator.begin_of(at_work)
        disk.fill()
        await until(lambda: "is full" in stage.orchestrator.beats[-1].problem)
        waiting = stage.spec(stage.script("echo later"))
        await stage.orchestrator.submit(waiting)
        await stage.orchestrator.order_stop(at_work)
        await until(lambda: "stop_not_kept" in stage.runner_log())
        heard = len(stage.orchestrator.beats)
        await until(lambda: len(stage.orchestrator.beats) > heard + 1)
        assert waiting.job_id not in {claim.job_id for claim in stage.orchestrator.claims}
        disk.free()
        assert (await stage.orchestrator.end_of(at_work)).state is JobState.CANCELLED
        assert (await stage.orchestrator.end_of(waiting)).state is JobState.SUCCEEDED
        assert (await archive.complete(f"{waiting.job_id}.1")).of_stream(1) == b"later\n"
        await until(lambda: not stage.orchestrator.beats[-1].problem)
        await until(lambda: not list((disk.path / "state" / "jobs").glob("*")))


#: It says something when there is room for nothing: neither for what it says nor for how far its log was sent.
FILL = """echo filling; while [ ! -e go ]; do sleep 0.05; done
dd if=/dev/zero of=big bs=65536; while [ -e go ]; do echo full; sleep 0.1; done; exit 127"""


async def test_a_job_that_fills_the_disk_fails_and_the_room_comes_back(stage: RunnerStage, archive: LogArchive) -> None:
    # Not pytest's tmp_path: the paths of sockets are short.
    with TemporaryDirectory(prefix="tt-", dir="/tmp") as folder, small_disk(Path(folder) / "disk", 16) as disk:
        start_on(stage, disk)
        spec = stage.spec(stage.script(FILL))
        await stage.orchestrator.submit(spec)
        attempt = disk.path / "state" / "jobs" / f"{spec.job_id}.1"
        await until((attempt / "ipc" / "command.sock").is_socket)
        async with Redis(unix_socket_path=str(attempt / "ipc" / "command.sock"), decode_responses=True) as client:
            await client.execute_command("SPAWNCONTAINER", "NAME", "beside", IMAGE, "CMD", *IDLE)
            await archive.holds(f"{spec.job_id}.1", b"filling")
            (attempt / "workspace" / "go").touch()
            await until(lambda: disk.free_bytes == 0)
            for _ in range(2):
                with pytest.raises(ResponseError, match="disk of the job's host is full"):
                    await client.execute_command("SPAWNCONTAINER", "NAME", "other", IMAGE, "CMD", *IDLE)
            assert [name for name, *_ in await client.execute_command("CONTAINERLIST")] == ["beside"]
        (attempt / "workspace" / "go").unlink()
        end = await stage.orchestrator.end_of(spec)
        assert (end.state, end.exit_code) == (JobState.FAILED, 127)
        await archive.complete(f"{spec.job_id}.1")
        await archive.complete(f"{spec.job_id}.1.beside")
        assert "supervision_failed" not in stage.runner_log()
        _, end = await stage.run("echo room again")
        assert end.state is JobState.SUCCEEDED
        await until(lambda: not list((disk.path / "state" / "jobs").glob("*")))
