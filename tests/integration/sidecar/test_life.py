"""What becomes of a container beside a job: asked for twice, stopped, out of memory, left by its supervisor."""

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from podman_host import PodmanHost
from runner_logs import LogArchive
from sidecar_stage import IDLE, WEB, SidecarStage, order
from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.log_chunk import LogStream
from tisktask_common.rpc import Limits
from tisktask_runner.engine.model import Exit, SidecarSpec
from tisktask_runner.engine.pods import open_engine
from tisktask_runner.sidecar.errors import SidecarEndedError, SidecarLimitError
from tisktask_runner.sidecar.records import new_record

SLEEP = ("CMD", *IDLE)


async def test_the_same_order_is_the_same_container_and_another_is_refused(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        names = await asyncio.gather(*(sidecars.spawn(order("NAME", "a", "K=v", *SLEEP)) for _ in range(3)))
        assert names == ["a", "a", "a"]
        with pytest.raises(ConflictError, match="another description"):
            await sidecars.spawn(order("NAME", "a", "K=w", *SLEEP))
        assert len(sidecars.summaries()) == 1


async def test_without_a_name_each_request_has_its_own(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        assert await sidecars.spawn(order(*SLEEP, request_id="r1")) == "tisktask-test"
        assert await sidecars.spawn(order(*SLEEP, request_id="r2")) == "tisktask-test-2"
        assert await sidecars.spawn(order(*SLEEP, request_id="r1")) == "tisktask-test"


async def test_a_stopped_container_has_ended_as_its_image_wants_and_its_name_is_used_up(
    stage: SidecarStage, archive: LogArchive
) -> None:
    await stage.start_job()
    script = "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.05; done"
    async with stage.attended() as sidecars:
        polite = order("NAME", "a", "WAITLOG", "up", "CMD", "sh", "-c", script)
        await sidecars.spawn(polite)
        await sidecars.stop("a", 10)
        await sidecars.stop("a", 10)
        (summary,) = sidecars.summaries()
        assert (summary.state, summary.exit_code) == ("stopped", 4)
        with pytest.raises(ConflictError, match="was stopped"):
            await sidecars.spawn(polite)
        with pytest.raises(NotFoundError, match="no container b; there: a"):
            await sidecars.stop("b", 10)
        stored = await archive.complete(stage.log_key("a"))
    assert stored.of_stream(LogStream.STDOUT) == b"up\nbye\n"
    assert b"exit code 4" in stored.of_stream(LogStream.SYSTEM)


async def test_it_ends_with_its_job_by_force_if_it_must(stage: SidecarStage, archive: LogArchive) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        await sidecars.spawn(
            order("NAME", "deaf", "WAITLOG", "up", "CMD", "sh", "-c", "trap '' TERM; echo up; sleep 999")
        )
        await sidecars.spawn(order("NAME", "quick", *SLEEP))
    assert (await archive.complete(stage.log_key("deaf"))).of_stream(LogStream.STDOUT) == b"up\n"
    assert (await archive.complete(stage.log_key("quick"))).is_complete


async def test_its_log_is_what_it_printed(stage: SidecarStage, archive: LogArchive) -> None:
    await stage.start_job()
    script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; printf 'no line feed \\377'"
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", "CMD", "sh", "-c", script))
        stored = await archive.complete(stage.log_key("a"))
        assert (await sidecars.read_log("a", 2)).startswith("line 19999\nno line feed")
    printed = b"".join(b"line %d\n" % number for number in range(20_000)) + b"no line feed \xff"
    assert stored.of_stream(LogStream.STDOUT) == printed


async def test_a_log_that_is_too_long_is_cut_and_the_container_runs_on(
    stage: SidecarStage, archive: LogArchive
) -> None:
    stage.limit(log_bytes=100_000)
    await stage.start_job()
    printed = "line=$(printf %0999d 0); yes $line | head -c 40000000; touch /workspace/printed"
    script = printed + "; until [ -e /workspace/go ]; do sleep 0.02; done; echo still here"
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", "CMD", "sh", "-c", script))
        stored = await archive.complete(stage.log_key("a"))
        assert stored.is_truncated
        assert stored.of_stream(LogStream.STDOUT) == (b"0" * 999 + b"\n") * 100
        assert b"The container runs on" in stored.of_stream(LogStream.SYSTEM)
        assert sidecars.summaries()[0].state == "running"
        file = stage.means.place("a").output_log
        # Before that, "still here" could be cut off with what was printed too much.
        await _until(lambda: (stage.workspace / "printed").exists() and file.stat().st_size < 20_000_000)
        (stage.workspace / "go").touch()
        await sidecars.spawn(order("NAME", "a", "WAITLOG", "still here", "CMD", "sh", "-c", script))
        assert "still here" in await sidecars.read_log("a", 1)


async def test_a_container_out_of_memory_says_so_and_the_job_is_not_blamed(stage: SidecarStage) -> None:
    stage.limit(memory_bytes=512 * 1024**2)
    job = await stage.start_job("while [ ! -e /workspace/go ]; do sleep 0.02; done")
    greedy = ("sh", "-c", "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x$x$x; done")
    async with stage.attended() as sidecars:
        with pytest.raises(SidecarEndedError, match="memory limit"):
            await sidecars.spawn(order("NAME", "a", "MEMORY", "16m", "WAITPORT", "1", "CMD", *greedy))
        with pytest.raises(SidecarLimitError, match="more than the job may have"):
            await sidecars.spawn(order("NAME", "b", "MEMORY", "1g", *SLEEP))
        (stage.workspace / "go").touch()
        end = await stage.pods.engine.wait(job)
        assert isinstance(end, Exit)
        assert (end.exit_code, end.out_of_memory) == (0, False)


async def test_a_container_has_the_jobs_limits_and_no_more_rights(stage: SidecarStage, podman_host: PodmanHost) -> None:
    stage.limit(memory_bytes=64 * 1024**2, pids=50)
    job = await stage.start_job()
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", *SLEEP))
        inspected = [
            json.loads(await asyncio.to_thread(podman_host.podman, "inspect", container))[0]
            for container in (job.container_id, stage.means.place("a").read().container_id)  # type: ignore[union-attr]
        ]
    of_job, beside = inspected
    for field in ("EffectiveCaps", "BoundingCaps"):
        assert beside[field] == of_job[field]
    for field in ("Memory", "MemorySwap", "PidsLimit", "SecurityOpt"):
        assert beside["HostConfig"][field] == of_job["HostConfig"][field], field


async def test_there_are_no_more_than_the_limit(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        for name in "abcd":
            await sidecars.spawn(order("NAME", name, *SLEEP))
        with pytest.raises(SidecarLimitError, match="4 containers"):
            await sidecars.spawn(order("NAME", "e", *SLEEP))


async def test_the_next_supervisor_goes_on_with_its_log_and_its_name(stage: SidecarStage, archive: LogArchive) -> None:
    await stage.start_job()
    script = """i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; sleep 0.005; done
    while [ ! -e /workspace/go ]; do sleep 0.02; done; echo last; exit 6"""
    asked = order("NAME", "a", "CMD", "sh", "-c", script)
    async with stage.supervised() as sidecars:
        await sidecars.spawn(asked)
        await archive.holds(stage.log_key("a"), b"line 20\n")
    async with stage.attended() as sidecars:
        assert await sidecars.spawn(asked) == "a"
        (stage.workspace / "go").touch()
        stored = await archive.complete(stage.log_key("a"))
        assert [(one.state, one.exit_code) for one in sidecars.summaries()] == [("ended", 6)]
    expected = b"".join(b"line %d\n" % number for number in range(1, 301)) + b"last\n"
    assert stored.of_stream(LogStream.STDOUT) == expected
    assert stored.of_stream(LogStream.SYSTEM).count(b"[tisktask]") == 1


@pytest.mark.parametrize("is_noted", [False, True])
async def test_what_a_dead_supervisor_had_half_made_is_started_once(
    stage: SidecarStage, podman_host: PodmanHost, archive: LogArchive, is_noted: bool
) -> None:
    """It died with the container made and not started, before or after this was written down."""
    job = await stage.start_job()
    asked, place = order("NAME", "a", "WAITLOG", "ready", "CMD", *WEB), stage.means.place("a")
    record = new_record("a", asked)
    place.path.mkdir(parents=True)
    async with open_engine(podman_host.place()) as dead:
        spec = SidecarSpec("a", asked.image, list(asked.arguments), {}, Limits(), place.output_log)
        made = await dead.create_beside(job, spec)
    noted = {"pod_id": made.pod_id, "container_id": made.container_id, "is_started": True}
    place.write(record.model_copy(update=noted) if is_noted else record)
    async with stage.attended() as sidecars:
        assert await sidecars.spawn(asked) == "a"
        assert place.read() == record.model_copy(update=noted)
    assert (await archive.complete(stage.log_key("a"))).of_stream(LogStream.STDOUT) == b"ready\n"


async def test_a_container_whose_pod_is_gone_is_given_up(stage: SidecarStage, archive: LogArchive) -> None:
    job = await stage.start_job()
    async with stage.supervised() as sidecars:
        await sidecars.spawn(order("NAME", "a", "WAITLOG", "ready", "CMD", *WEB))
    await stage.pods.engine.remove(job)
    async with stage.attended():
        stored = await archive.complete(stage.log_key("a"))
    assert stored.of_stream(LogStream.STDOUT) == b"ready\n"


async def test_nothing_is_started_any_more_when_the_job_is_ending(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        await sidecars.end()
        with pytest.raises(ConflictError, match="ending"):
            await sidecars.spawn(order("NAME", "a", *SLEEP))


async def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
