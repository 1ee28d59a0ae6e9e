"""Ends that nobody, or somebody else, was watching; stops; removals."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from podman_host import PodmanHost, Pods, kill_process, log_text, until
from tisktask_runner.engine.libpod import EngineAwayError
from tisktask_runner.engine.model import Exit, Lost, Mount, Started
from tisktask_runner.engine.pods import Engine, open_engine


async def test_another_engine_awaits_a_pod_that_runs(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.sh("adopted", "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done")
    await until(pod, "up")
    async with open_engine(podman_host.place()) as other:
        waiting = asyncio.create_task(other.wait(pod))
        await other.stop(pod, grace_seconds=20)
        ended = await waiting
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.signal) == (7, None)
    assert log_text(pod) == "up\nbye\n"


async def test_another_engine_tells_the_end_of_a_pod_that_ended_unseen(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.sh("unseen", "echo done; exit 5")
    await _until_exited(podman_host, pod.container_id)
    async with open_engine(podman_host.place()) as other:
        ended = await other.wait(pod)
    assert isinstance(ended, Exit)
    assert ended.exit_code == 5
    # Files' times go by the kernel's ticks.
    assert ended.started_at <= ended.ended_at


async def test_the_end_is_known_without_conmons_exit_file(podman_host: PodmanHost, engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("no-file", "exit 6")
    await _until_exited(podman_host, pod.container_id)
    (podman_host.storage.tmp_dir / "exits" / pod.container_id).unlink(missing_ok=True)
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert ended.exit_code == 6


async def test_starting_twice_runs_once(podman_host: PodmanHost, engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("once", "echo ran")
    await engine.wait(pod)
    async with open_engine(podman_host.place()) as other:
        assert isinstance(await other.start(pod), Started)
    assert isinstance(await engine.start(pod), Started)
    assert log_text(pod) == "ran\n"


async def test_a_pod_made_by_a_killed_process_can_still_be_started(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.create("handed-on", "/bin/echo", "ran")
    async with open_engine(podman_host.place()) as other:
        assert isinstance(await other.wait(pod), Lost)
        assert isinstance(await other.start(pod), Started)
        assert isinstance(await other.wait(pod), Exit)
    assert log_text(pod) == "ran\n"


async def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("stubborn", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    await until(pod, "up")
    waiting = asyncio.create_task(engine.wait(pod))
    await engine.stop(pod, grace_seconds=0.3)
    ended = await waiting
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.signal, ended.out_of_memory) == (137, 9, False)


async def test_a_program_without_a_handler_ends_at_once_by_sigterm(engine: Engine, pods: Pods) -> None:
    """It would not, were it process number 1 of its namespace."""
    pod = await pods.sh("meek", "echo up; sleep 1000; echo not reached")
    await until(pod, "up")
    began = time.monotonic()
    await engine.stop(pod, grace_seconds=30)
    ended = await engine.wait(pod)
    assert time.monotonic() - began < 20
    assert isinstance(ended, Exit)
    assert ended.signal == 15


async def test_processes_in_the_background_do_not_outlive_the_program(engine: Engine, pods: Pods) -> None:
    pod = await pods.sh(
        "daemon", "(setsid sleep 98765 &) ; echo up; while [ ! -e /w/go ]; do sleep 0.02; done", **_shared(pods)
    )
    await until(pod, "up")
    assert _processes("sleep 98765")
    (pods.folder / "go").touch()
    ended = await engine.wait(pod)
    await engine.remove(pod)
    assert isinstance(ended, Exit)
    assert ended.exit_code == 0
    assert not _processes("sleep 98765")


async def test_stopping_or_removing_what_has_ended_or_is_gone_is_no_error(engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("gone", "true")
    await engine.wait(pod)
    await engine.stop(pod, grace_seconds=1)
    await engine.remove(pod)
    await engine.remove(pod)
    await engine.stop(pod, grace_seconds=1)
    assert isinstance(await engine.wait(pod), Lost)


async def test_a_killed_monitor_is_a_lost_job(engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("unmonitored", "echo up; sleep 1000")
    await until(pod, "up")
    waiting = asyncio.create_task(engine.wait(pod))
    await asyncio.sleep(0)
    monitors = _processes(f"-c {pod.container_id}")
    assert monitors
    for pid in monitors:
        kill_process(pid)
    ended = await asyncio.wait_for(waiting, 50)
    assert isinstance(ended, Lost)
    assert "conmon" in ended.reason


async def test_podman_may_be_killed_while_a_job_runs(podman_host: PodmanHost, engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("survivor", "echo up; while [ ! -e /w/go ]; do sleep 0.02; done; exit 9", **_shared(pods))
    other = await pods.sh("survivor-2", "echo up; while [ ! -e /w/go2 ]; do sleep 0.02; done; exit 8", **_shared(pods))
    await until(pod, "up")
    await until(other, "up")
    waiting = asyncio.create_task(engine.wait(pod))
    podman_host.kill()
    assert not await engine.ping()
    with pytest.raises(EngineAwayError):
        await engine.has_image("x")
    (pods.folder / "go").touch()
    ended = await waiting
    assert isinstance(ended, Exit)
    assert ended.exit_code == 9

    waiting = asyncio.create_task(engine.wait(other))
    await asyncio.to_thread(podman_host.start)
    assert await engine.ping()
    (pods.folder / "go2").touch()
    ended = await waiting
    assert isinstance(ended, Exit)
    assert ended.exit_code == 8


async def test_jobs_are_found_by_their_labels_and_only_this_hosts(podman_host: PodmanHost, pods: Pods) -> None:
    pod = await pods.create("findable", "/bin/true", labels={"tisktask.job": "j1", "tisktask.attempt": "2"})
    async with open_engine(podman_host.place()) as other:
        found = await other.find({"tisktask.job": "j1", "tisktask.attempt": "2"})
        assert [summary.pod for summary in found] == [pod]
        assert found[0].labels["tisktask.host"] == other.place.host
        assert await other.find({"tisktask.job": "j2"}) == []
    async with open_engine(podman_host.place(host="elsewhere")) as stranger:
        assert await stranger.find({"tisktask.job": "j1"}) == []


async def test_what_a_lost_creation_left_is_made_again(podman_host: PodmanHost, pods: Pods) -> None:
    """The answer to a creation was lost; asked again, it is made anew."""
    first = await pods.create("again", "/bin/echo", "first", network=True)
    second = await pods.create("again", "/bin/echo", "second", network=True)
    assert first.container_id != second.container_id
    assert podman_host.podman("pod", "ls", "-q", "--no-trunc").split() == [second.pod_id]


def _shared(pods: Pods) -> dict[str, object]:
    return {"mounts": [Mount(pods.folder, "/w")]}


def _processes(text: str) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if text in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(int(folder.name))
    return found


async def _until_exited(podman_host: PodmanHost, container_id: str) -> None:
    """Until conmon has written the code and Podman has cleaned up after it."""
    deadline = time.monotonic() + 20
    while podman_host.podman("inspect", "--format", "{{.State.Status}}", container_id).strip() != "exited":
        assert time.monotonic() < deadline, podman_host.podman("inspect", container_id)[:2500]
        await asyncio.sleep(0.05)
