"""Containers beside a job, asked for through its socket, and a runner that dies under them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from podman_host import IMAGE
from runner_logs import LogArchive
from runner_stage import RunnerStage, until
from sidecar_stage import WEB
from tisktask_common.lifecycle import JobState
from tisktask_common.log_chunk import LogStream
from tisktask_common.rpc import JobSpec

ASK_WEB = """while [ ! -e go ]; do sleep 0.02; done
wget -qO- http://web.test:8080/"""
COUNT = """i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; sleep 0.005; done
trap 'echo last; exit 0' TERM; while :; do sleep 0.05; done"""


@asynccontextmanager
async def socket_of(stage: RunnerStage, spec: JobSpec) -> AsyncGenerator[Redis]:
    """A client of the job's socket, on the other side of the mount."""
    path = stage.state / "jobs" / f"{spec.job_id}.1" / "ipc" / "command.sock"
    await until(path.is_socket)
    client = Redis(unix_socket_path=str(path), decode_responses=True)
    try:
        yield client
    finally:
        await client.aclose()


def let_go(stage: RunnerStage, spec: JobSpec) -> None:
    (stage.state / "jobs" / f"{spec.job_id}.1" / "workspace" / "go").touch()


async def running(stage: RunnerStage, script: str) -> JobSpec:
    spec = stage.spec(stage.script(script))
    await stage.orchestrator.submit(spec)
    await stage.orchestrator.begin_of(spec)
    return spec


async def test_a_job_asks_a_server_beside_it(stage: RunnerStage, archive: LogArchive) -> None:
    stage.start()
    spec = await running(stage, ASK_WEB)
    async with socket_of(stage, spec) as client:
        words = ("NAME", "web", "ALIAS", "web.test", "WAITPORT", 8080, IMAGE, "GREETING=hello", "CMD", *WEB)
        assert await client.execute_command("SPAWNCONTAINER", *words) == "web"
        assert await client.execute_command("CONTAINERLIST") == [["web", IMAGE, "running", None]]
        assert await client.execute_command("CONTAINERLOG", "web", "TAIL", 1) == "ready\n"
        with pytest.raises(ResponseError, match="another description"):
            await client.execute_command("SPAWNCONTAINER", "NAME", "web", IMAGE)
        with pytest.raises(ResponseError, match=r"ENDED container other is not ready.*exit code 9"):
            await client.execute_command(
                "SPAWNCONTAINER", IMAGE, "NAME", "other", "WAITLOG", "x", "CMD", "sh", "-c", "exit 9"
            )
        let_go(stage, spec)
    assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    assert (await archive.complete(f"{spec.job_id}.1")).data == b"hello\n"
    assert (await archive.complete(f"{spec.job_id}.1.web")).of_stream(LogStream.STDOUT) == b"ready\n"
    await stage.until_nothing_is_left()


async def test_a_container_outlives_the_runner_and_its_log_has_no_gap(stage: RunnerStage, archive: LogArchive) -> None:
    first = stage.start("1")
    spec = await running(stage, "while [ ! -e go ]; do sleep 0.02; done")
    words = ("NAME", "count", IMAGE, "SECRET=hunter2", "CMD", "sh", "-c", COUNT)
    async with socket_of(stage, spec) as client:
        assert await client.execute_command("SPAWNCONTAINER", *words) == "count"
    await archive.holds(f"{spec.job_id}.1.count", b"line 20\n")
    await stage.kill(first)
    stage.start("2")
    await until(lambda: "attempt_adopted" in stage.runner_log())
    async with socket_of(stage, spec) as client:
        assert await _patiently(client, "SPAWNCONTAINER", *words) == "count"
        assert await client.execute_command("CONTAINERLIST") == [["count", IMAGE, "running", None]]
        await archive.holds(f"{spec.job_id}.1.count", b"line 200\n")
        let_go(stage, spec)
    assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    stored = await archive.complete(f"{spec.job_id}.1.count")
    assert stored.of_stream(LogStream.STDOUT) == b"".join(b"line %d\n" % n for n in range(1, 201)) + b"last\n"
    assert "hunter2" not in stage.runner_log()
    await stage.until_nothing_is_left()


async def test_a_job_that_ends_while_no_runner_is_there_takes_its_containers_along(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = await running(stage, "while [ ! -e go ]; do sleep 0.02; done; exit 3")
    async with socket_of(stage, spec) as client:
        await client.execute_command("SPAWNCONTAINER", IMAGE, "NAME", "count", "CMD", "sh", "-c", COUNT)
    await archive.holds(f"{spec.job_id}.1.count", b"line 200\n")
    await stage.kill(first)
    let_go(stage, spec)
    stage.start("2")
    assert (await stage.orchestrator.end_of(spec)).exit_code == 3
    stored = await archive.complete(f"{spec.job_id}.1.count")
    assert stored.of_stream(LogStream.STDOUT).endswith(b"line 200\nlast\n")
    await stage.until_nothing_is_left()


async def test_a_stopped_job_takes_its_containers_along_before_its_end_is_heard_of(
    stage: RunnerStage, archive: LogArchive
) -> None:
    stage.start()
    spec = await running(stage, "sleep 1000")
    deaf = ("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")
    async with socket_of(stage, spec) as client:
        await client.execute_command("SPAWNCONTAINER", IMAGE, "NAME", "deaf", "WAITLOG", "up", "CMD", *deaf)
    stage.orchestrator.is_here.clear()
    await stage.orchestrator.order_stop(spec)
    assert b"SIGKILL" in (await archive.complete(f"{spec.job_id}.1.deaf")).data
    stage.orchestrator.is_here.set()
    assert (await stage.orchestrator.end_of(spec)).state is JobState.CANCELLED
    await stage.until_nothing_is_left()


async def _patiently(client: Redis, *words: object) -> object:
    """As clients do it: the socket is a new one, and not yet there for a moment."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await client.execute_command(*words)
            except RedisConnectionError:
                await asyncio.sleep(0.05)
