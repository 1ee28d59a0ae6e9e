"""What is made ready before a program starts, and libpod's answers of the moment."""

import asyncio
import json
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from podman_host import IMAGE, PodmanHost, Pods, log_text
from tisktask_common.rpc import Limits
from tisktask_runner.engine.container_state import container_state
from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.model import Exit, Pod, SidecarSpec, Started
from tisktask_runner.engine.podman_info import infra_name, job_name, pod_name
from tisktask_runner.engine.pods import Engine

GONE = {"cause": "no such process", "message": "read /proc/4711/cgroup: no such process"}
ENDED = {
    "Status": "exited",
    "ExitCode": 3,
    "StartedAt": "2026-01-01T00:00:00.123456789Z",
    "FinishedAt": "2026-01-01T00:00:01Z",
}


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tt-api-", dir="/tmp") as folder:
        yield Path(folder) / "s"


@asynccontextmanager
async def answering(path: Path, *answers: tuple[int, object]) -> AsyncIterator[Libpod]:
    """A Podman that gives these answers, one after the other, and the last one from then on."""
    left = list(answers)

    async def answer(_request: web.Request) -> web.Response:
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(path)).start()
    libpod = Libpod(path)
    try:
        yield libpod
    finally:
        await libpod.close()
        await runner.cleanup()


async def test_the_pod_is_up_before_its_program_is_started(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.create("ahead", "/bin/sh", "-c", "exit 4", network=True)
    listed = json.loads(podman_host.podman("ps", "--all", "--format", "json", "--filter", f"pod={pod.pod_id}"))
    states = {container["Names"][0]: container["State"] for container in listed}
    assert states.pop(infra_name(pod.pod_id)) == "running"
    assert list(states.values()) == ["created"]
    assert isinstance(await pods.engine.start(pod), Started)
    end = await pods.engine.wait(pod)
    assert isinstance(end, Exit)
    assert end.exit_code == 4


async def test_a_pod_that_fell_down_meanwhile_is_put_up_again(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.create("fallen", "/bin/sh", "-c", "exit 5")
    podman_host.podman("kill", infra_name(pod.pod_id))
    podman_host.podman("wait", infra_name(pod.pod_id))
    assert isinstance(await pods.engine.start(pod), Started)
    end = await pods.engine.wait(pod)
    assert isinstance(end, Exit)
    assert end.exit_code == 5


async def test_a_creation_that_is_cancelled_leaves_nothing_that_can_not_be_collected(
    podman_host: PodmanHost, pods: Pods
) -> None:
    creation = asyncio.create_task(pods.engine.create(pods.spec("given-up", "/bin/true")))
    async with asyncio.timeout(20):
        while not (left := podman_host.podman("pod", "ls", "-q", "--filter", "name=given-up").split()):
            await asyncio.sleep(0.005)
    creation.cancel()
    await asyncio.wait({creation})
    for pod in left:
        podman_host.podman("pod", "rm", "--force", "--time", "0", pod)


async def test_a_process_that_dies_while_libpod_looks_at_it_is_looked_at_again(socket_path: Path) -> None:
    async with answering(socket_path, (500, GONE), (500, GONE), (200, {"State": ENDED})) as libpod:
        state = await container_state(libpod, "c1")
    assert state is not None
    assert (state.status, state.exit_code) == ("exited", 3)


async def test_any_other_error_of_libpod_is_told_at_once(socket_path: Path) -> None:
    other = {"cause": "x", "message": "database is locked"}
    async with answering(socket_path, (500, other), (200, {"State": ENDED})) as libpod:
        with pytest.raises(LibpodError, match="database is locked"):
            await container_state(libpod, "c1")


async def test_a_start_that_a_dead_podman_has_left_half_done_is_done_again(engine: Engine, pods: Pods) -> None:
    pod = await pods.create("half-started", "/bin/sh", "-c", "echo ran")
    with left_half_started(pod.container_id) as monitor:
        assert isinstance(await engine.start(pod), Started)
        assert isinstance(await engine.wait(pod), Exit)
        assert log_text(pod) == "ran\n"
        assert monitor.wait(timeout=20) == -signal.SIGKILL


async def test_a_pod_whose_first_container_a_dead_podman_has_left_half_started_is_started(
    podman_host: PodmanHost, engine: Engine, pods: Pods
) -> None:
    pod_id = podman_host.podman("pod", "create", "--name", "half-up", "--network", "none").strip()
    container = podman_host.podman("create", "--pod", pod_id, IMAGE, "/bin/true").strip()
    pod = Pod(pod_id, container, None, pods.folder / "half-up.log")
    pods.made.append(pod)
    infra = json.loads(podman_host.podman("pod", "inspect", pod_id))["InfraContainerID"]
    with left_half_started(infra):
        assert isinstance(await engine.start(pod), Started)


@contextmanager
def left_half_started(container: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Leave at the runtime what is there just before a program is executed; yields its monitor."""
    Path("/run/runc", container).mkdir(parents=True)
    monitor = subprocess.Popen(["conmon", "-c", "sleep 300; true", container], executable="/bin/sh")
    try:
        yield monitor
    finally:
        monitor.kill()
        monitor.wait()


async def test_a_container_beside_a_job_that_a_dead_podman_has_left_half_made_is_made(
    podman_host: PodmanHost, engine: Engine, pods: Pods
) -> None:
    pod = await pods.create("half-made", "/bin/true")
    leave_half_made(podman_host, pod_name(engine.place.host, f"{pod.pod_id[:12]}-web"))
    spec = SidecarSpec("web", IMAGE, ["/bin/true"], {}, Limits(), pods.folder / "web.log")
    beside = await engine.create_beside(pod, spec)
    assert isinstance(await engine.start(beside), Started)
    assert (await engine.create_beside(pod, spec)) == beside


async def test_a_jobs_container_that_a_dead_podman_has_left_half_made_is_made(
    podman_host: PodmanHost, engine: Engine, pods: Pods
) -> None:
    leave_half_made(podman_host, job_name(pod_name(engine.place.host, "made-anew")))
    assert await pods.output("made-anew", "echo ran") == "ran\n"


@pytest.mark.parametrize("has_begun", [False, True])
async def test_what_is_given_up_while_it_is_made_is_removed_once_it_is_made(
    podman_host: PodmanHost, engine: Engine, pods: Pods, *, has_begun: bool
) -> None:
    creating = asyncio.create_task(engine.create(pods.spec("given-up", "/bin/true")))
    name = pod_name(engine.place.host, "given-up")
    libpod = Libpod(podman_host.socket)
    async with asyncio.timeout(20):
        while has_begun and not creating.done() and name not in str(await libpod.get("/pods/json")):
            await asyncio.sleep(0.005)
        await asyncio.sleep(0)  # it asks Podman for its first thing
    await libpod.close()
    creating.cancel()
    await asyncio.gather(creating, return_exceptions=True)
    await engine.remove_unfinished("given-up")
    for listing in (["pod", "ls"], ["ps", "--all", "--external"], ["network", "ls"]):
        assert name not in podman_host.podman(*listing)


def leave_half_made(podman_host: PodmanHost, name: str) -> None:
    """Its layer is there, under its name, and libpod knows no such container."""
    command = ["buildah", "from", "--pull-never", "--name", name, IMAGE]
    subprocess.run(command, env=podman_host.environment, check=True, capture_output=True)
