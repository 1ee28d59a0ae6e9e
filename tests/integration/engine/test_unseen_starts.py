"""Podman dies after the OCI runtime has executed a program, and before it has written that down."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, Pods, log_text, until
from tisktask_common.rpc import Limits
from tisktask_runner.engine.container_state import ContainerState, container_state
from tisktask_runner.engine.libpod import Libpod
from tisktask_runner.engine.model import Exit, Lost, Pod, SidecarSpec, Started
from tisktask_runner.engine.oci_runtime import find_runtime, runtime_status
from tisktask_runner.engine.pods import Engine, open_engine

WAITING = "echo ran; while [ ! -e /tmp/go ]; do sleep 0.02; done; echo done; exit 7"
TRIES = 10


@pytest.fixture
async def libpod(podman_host: PodmanHost) -> AsyncIterator[Libpod]:
    libpod = Libpod(podman_host.socket)
    yield libpod
    await libpod.close()


@pytest.fixture
async def next_engine(podman_host: PodmanHost) -> AsyncIterator[Engine]:
    """Of a process that has made none of the pods."""
    async with open_engine(podman_host.place()) as engine:
        yield engine


async def start_unseen(podman_host: PodmanHost, libpod: Libpod, container: str) -> None:
    """Start it as a Podman does that dies at once: libpod has seen it made, not executed."""
    podman_host.podman("init", container)
    subprocess.run([await find_runtime(libpod) or "", "start", container], check=True, capture_output=True)


async def state_of(libpod: Libpod, pod: Pod) -> ContainerState:
    state = await container_state(libpod, pod.container_id)
    assert state is not None
    return state


async def let_go(libpod: Libpod, pod: Pod) -> None:
    process = (await state_of(libpod, pod)).pid
    Path(f"/proc/{process}/root/tmp/go").touch()


async def until_cleaned_up(libpod: Libpod, pod: Pod) -> None:
    async with asyncio.timeout(20):
        while not (await state_of(libpod, pod)).has_gone_unseen:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("by_next", [True, False])
async def test_a_program_that_runs_unseen_is_taken_as_started(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine, *, by_next: bool
) -> None:
    pod = await pods.create(f"unseen-{by_next}", "/bin/sh", "-c", WAITING)
    await start_unseen(podman_host, libpod, pod.container_id)
    assert (await state_of(libpod, pod)).is_made
    engine = next_engine if by_next else pods.engine
    assert isinstance(await engine.start(pod), Started)
    assert isinstance(await engine.start(pod), Started)
    waiting = asyncio.create_task(engine.wait(pod))
    await until(pod, "ran")
    await let_go(libpod, pod)
    end = await waiting
    assert isinstance(end, Exit)
    assert (end.exit_code, end.out_of_memory) == (7, False)
    assert end.started_at <= end.ended_at
    assert log_text(pod) == "ran\ndone\n"


async def test_who_only_waits_for_a_program_that_runs_unseen_sees_its_end(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine
) -> None:
    pod = await pods.create("only-awaited", "/bin/sh", "-c", WAITING)
    await next_engine.version()  # asked before an end is waited for
    await start_unseen(podman_host, libpod, pod.container_id)
    waiting = asyncio.create_task(next_engine.wait(pod))
    await until(pod, "ran")
    await let_go(libpod, pod)
    end = await waiting
    assert isinstance(end, Exit)
    assert end.exit_code == 7


async def test_a_program_that_waits_for_its_start_is_not_taken_as_started(
    podman_host: PodmanHost, pods: Pods, next_engine: Engine
) -> None:
    pod = await pods.create("made", "/bin/sh", "-c", "echo ran; exit 7")
    podman_host.podman("init", pod.container_id)
    lost = await next_engine.wait(pod)
    assert isinstance(lost, Lost)
    assert lost.was_never_started
    assert isinstance(await next_engine.start(pod), Started)
    end = await next_engine.wait(pod)
    assert isinstance(end, Exit)
    assert (end.exit_code, log_text(pod)) == (7, "ran\n")


async def test_a_program_that_runs_unseen_is_stopped(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine
) -> None:
    script = "trap 'echo told; exit 3' TERM; echo ran; while true; do sleep 0.02; done"
    pod = await pods.create("unseen-stopped", "/bin/sh", "-c", script)
    await start_unseen(podman_host, libpod, pod.container_id)
    waiting = asyncio.create_task(next_engine.wait(pod))
    await until(pod, "ran")
    await next_engine.stop(pod, 20)
    end = await waiting
    assert isinstance(end, Exit)
    assert (end.exit_code, log_text(pod)) == (3, "ran\ntold\n")


async def test_what_stopped_a_program_that_ran_unseen_knows_its_end_also_for_who_asks_later(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine
) -> None:
    script = "trap 'exit 3' TERM; echo ran; while true; do sleep 0.02; done"
    pod = await pods.create("unseen-asked-later", "/bin/sh", "-c", script)
    await start_unseen(podman_host, libpod, pod.container_id)
    await until(pod, "ran")
    await next_engine.stop(pod, 20)
    await until_cleaned_up(libpod, pod)
    end = await next_engine.wait(pod)
    assert isinstance(end, Exit)
    assert end.exit_code == 3


async def test_a_pod_whose_program_runs_unseen_is_removed_with_it(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods
) -> None:
    pod = await pods.create("unseen-removed", "/bin/sh", "-c", WAITING)
    await start_unseen(podman_host, libpod, pod.container_id)
    process = (await state_of(libpod, pod)).pid
    await pods.engine.remove(pod)
    assert not Path(f"/proc/{process}").exists()
    assert await runtime_status(await find_runtime(libpod) or "", pod.container_id) is None


async def test_a_program_that_has_ended_before_anybody_looked_is_not_executed_again(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine
) -> None:
    pod = await pods.create("unseen-gone", "/bin/sh", "-c", "echo ran; exit 7")
    await start_unseen(podman_host, libpod, pod.container_id)
    await until_cleaned_up(libpod, pod)
    assert isinstance(await next_engine.start(pod), Started)
    end = await next_engine.wait(pod)
    assert isinstance(end, Lost)
    assert "exit code is lost" in end.reason
    assert not end.was_never_started
    assert log_text(pod) == "ran\n"


async def test_a_container_beside_a_job_that_runs_unseen_is_taken_as_started(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods, next_engine: Engine
) -> None:
    pod = await pods.sh("unseen-beside", WAITING)
    spec = SidecarSpec("web", IMAGE, ["/bin/sh", "-c", WAITING], {}, Limits(), pods.folder / "web.log")
    beside = await next_engine.create_beside(pod, spec)
    await start_unseen(podman_host, libpod, beside.container_id)
    assert isinstance(await next_engine.start(beside), Started)
    waiting = asyncio.create_task(next_engine.wait(beside))
    await until(beside, "ran")
    await let_go(libpod, beside)
    end = await waiting
    assert isinstance(end, Exit)
    assert (end.exit_code, log_text(beside)) == (7, "ran\ndone\n")


async def test_a_pod_whose_first_container_runs_unseen_is_started(
    podman_host: PodmanHost, libpod: Libpod, engine: Engine, pods: Pods
) -> None:
    pod_id = podman_host.podman("pod", "create", "--name", "unseen-infra", "--network", "none").strip()
    container = podman_host.podman("create", "--pod", pod_id, IMAGE, "/bin/sh", "-c", "exit 7").strip()
    pod = Pod(pod_id, container, None, pods.folder / "unseen-infra.log")
    pods.made.append(pod)
    infra = json.loads(podman_host.podman("pod", "inspect", pod_id))["InfraContainerID"]
    await start_unseen(podman_host, libpod, infra)
    assert isinstance(await engine.start(pod), Started)
    end = await engine.wait(pod)
    assert isinstance(end, Exit)
    assert end.exit_code == 7


async def test_a_program_that_ends_while_its_dead_podman_is_away_is_told_right(
    podman_host: PodmanHost, libpod: Libpod, pods: Pods
) -> None:
    """The very thing: the service stands still as soon as the runtime is at work, and dies when the program runs."""
    for number in range(TRIES):
        pod = await pods.create(f"unseen-killed-{number}", "/bin/sh", "-c", "echo ran; exit 7")
        starting = asyncio.create_task(pods.engine.start(pod))
        assert podman_host.process is not None
        await asyncio.to_thread(_stop_service_in_start, podman_host.process.pid, pod.container_id)
        await until(pod, "ran")
        podman_host.kill()
        await asyncio.sleep(0)
        await asyncio.to_thread(_until_gone, pod.container_id)
        await asyncio.to_thread(podman_host.start)
        assert isinstance(await starting, Started)
        end = await pods.engine.wait(pod)
        assert isinstance(end, Exit)
        assert (end.exit_code, log_text(pod)) == (7, "ran\n")
        if (await state_of(libpod, pod)).has_gone_unseen:
            return
    pytest.fail(f"Podman has written the start down in all of {TRIES} tries")


def _stop_service_in_start(service: int, container: str) -> None:
    deadline = time.monotonic() + 20
    while not any(_is_start(Path("/proc", child), container) for child in _children(service)):
        assert time.monotonic() < deadline
    os.kill(service, signal.SIGSTOP)


def _children(process: int) -> list[str]:
    found: list[str] = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        try:
            found += (thread / "children").read_text().split()
        except FileNotFoundError:
            continue
    return found


def _is_start(process: Path, container: str) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"start" in words and container.encode() in words


def _until_gone(container: str) -> None:
    """Until conmon and its clean-up have ended."""
    deadline = time.monotonic() + 30
    while any(_names(process, container) for process in Path("/proc").iterdir() if process.name.isdigit()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _names(process: Path, container: str) -> bool:
    try:
        return container.encode() in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
