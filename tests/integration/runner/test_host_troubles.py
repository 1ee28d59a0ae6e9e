"""A host that was started anew, and a Podman that hangs: jobs wait or are given up, and everybody is told why."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from nats_server import free_port
from podman_host import PodmanHost
from runner_logs import LogArchive
from runner_stage import HOST, RunnerStage, until
from standing_still import standing_still
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobSpec


def pretend_reboot(stage: RunnerStage) -> None:
    """Have the attempts' directories be of another start of the host."""
    for path in (stage.state / "jobs").glob("*/spec.json"):
        record = json.loads(path.read_text())
        assert record["boot_id"]
        path.write_text(json.dumps(record | {"boot_id": "of-the-start-before"}))


async def start_and_lose(stage: RunnerStage, archive: LogArchive, script: str) -> JobSpec:
    """Have a job at work whose runner was killed."""
    first = stage.start("1")
    spec = stage.spec(stage.script(script))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"up\n")
    await stage.kill(first)
    return spec


async def test_what_a_reboot_has_ended_is_errored_and_says_so(stage: RunnerStage, archive: LogArchive) -> None:
    spec = await start_and_lose(stage, archive, "echo up; sleep 600")
    pretend_reboot(stage)
    await asyncio.to_thread(stage.host.podman, "pod", "rm", "--all", "--force", "--time", "0")
    stage.start("2")
    end = await stage.orchestrator.end_of(spec)
    assert (end.state, end.exit_code) == (JobState.ERRORED, None)
    assert end.reason == (
        f"The runner host {HOST} was started anew before the program had ended: how far it came is not known."
    )
    assert (await archive.complete(f"{spec.job_id}.1")).data.startswith(b"up\n")
    await stage.until_nothing_is_left()


async def test_what_had_ended_before_the_reboot_is_told_as_it_ended(stage: RunnerStage, archive: LogArchive) -> None:
    spec = await start_and_lose(stage, archive, "echo up; while [ ! -e go ]; do sleep 0.02; done; exit 6")
    directory = stage.state / "jobs" / f"{spec.job_id}.1"
    container = json.loads((directory / "pod.json").read_text())["container_id"]
    (directory / "workspace" / "go").touch()
    asked = ("container", "inspect", "--format", "{{.State.Status}}", container)
    while await asyncio.to_thread(stage.host.podman, *asked) != "exited\n":
        await asyncio.sleep(0.05)
    # What conmon has written lies in memory, what libpod knows on disk.
    (stage.host.storage.tmp_dir / "exits" / container).unlink(missing_ok=True)
    pretend_reboot(stage)
    stage.start("2")
    end = await stage.orchestrator.end_of(spec)
    assert (end.state, end.exit_code) == (JobState.FAILED, 6)
    await stage.until_nothing_is_left()


@contextmanager
def hanging(host: PodmanHost) -> Iterator[None]:
    """Podman's service stands still."""
    assert host.process
    with standing_still(host.process.pid):
        yield


async def test_a_podman_that_hangs_is_noticed_waited_for_and_said(stage: RunnerStage, archive: LogArchive) -> None:
    orchestrator, port = stage.orchestrator, free_port()
    stage.start(TISKTASK_LISTEN=f"127.0.0.1:{port}")
    await until(lambda: orchestrator.beats and orchestrator.beats[-1].engine)
    assert await asyncio.to_thread(readiness, port) == (200, True)
    # Claimed is the job when Podman hangs already: the answer to the claim waits for that.
    orchestrator.is_here.clear()
    spec = stage.spec(stage.script("echo ran"))
    await orchestrator.submit(spec)
    await until(lambda: orchestrator.waiting)
    with hanging(stage.host):
        orchestrator.is_here.set()
        log = f"{spec.job_id}.1"
        await archive.holds(log, b"Podman on this runner host does not answer. The job waits for it.\n")
        await until(lambda: "Podman has not answered for" in orchestrator.beats[-1].problem)
        assert orchestrator.beats[-1].free == 0
        assert await asyncio.to_thread(readiness, port) == (503, False)
        assert "tisktask_podman_answers 0.0" in await asyncio.to_thread(read, port, "/metrics")
        later = stage.spec(stage.script("echo later"))
        await orchestrator.submit(later)
    assert (await orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    assert (await orchestrator.end_of(later)).state is JobState.SUCCEEDED
    said = (await archive.complete(log)).data.decode().splitlines()
    assert said[1].startswith("[tisktask] Podman answers again, after ")
    assert said[-1] == "ran"
    await until(lambda: not orchestrator.beats[-1].problem)
    await stage.until_nothing_is_left()


def readiness(port: int) -> tuple[int, bool]:
    """Whether the process says that it is ready, and that Podman is."""
    try:
        return 200, json.loads(read(port, "/readyz"))["parts"]["podman"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["parts"]["podman"]


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return reply.read().decode()
