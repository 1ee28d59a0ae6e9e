"""Images are built by a real Podman with a storage of its own."""

import asyncio
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, podman_host  # noqa: F401 - the fixture
from tisktask_runner.image.build import BuildOrder, ensure_image
from tisktask_runner.image.default import DEFAULT_IMAGE, DefaultImage, ensure_default_image
from tisktask_runner.image.host import BuildHost, BuildLimits, NamedNetwork, image_exists, image_name
from tisktask_runner.image.key import plan_build
from tisktask_runner.image.leftovers import remove_working_containers
from tisktask_runner.image.outcomes import BuildErrored, BuildFailed, BuildTimedOut, Ready
from tisktask_runner.source.tree import FILE, Entry, Listing

BUILD_FILE = ".tisktask/Containerfile"


@pytest.fixture
def host(podman_host: PodmanHost, tmp_path: Path) -> BuildHost:  # noqa: F811 - the fixture
    return BuildHost(
        tmp_path / "builds",
        podman_host.environment,
        BuildLimits(seconds=40),
        network=NamedNetwork("private"),
        is_storage_ours=True,
        default_archive=tmp_path / "default.tar",
    )


OrderMaker = Callable[..., BuildOrder]


@pytest.fixture
def order(tmp_path: Path) -> OrderMaker:
    """Make an order for a build file and the files of its commit; nothing else has its key."""

    def make(text: str, name: str = "one", build_file: str = BUILD_FILE, **files: str) -> BuildOrder:
        context = tmp_path / name
        (context / ".tisktask").mkdir(parents=True, exist_ok=True)
        text = f"FROM {IMAGE}\n# {tmp_path}\n{text}" if not text.startswith("FROM") else text
        (context / build_file).write_text(text)
        entries = [Entry(build_file, FILE, "0" * 40)]
        for path, content in files.items():
            (context / path).write_text(content)
            entries.append(Entry(path, FILE, content.encode().hex().zfill(40)))
        plan = plan_build(Listing("1" * 40, tuple(entries), {build_file: text}), build_file, "linux/amd64")
        return BuildOrder(plan, context, tmp_path / f"{name}.log")

    return make


def run(host: BuildHost, image: str, *command: str) -> str:
    done = subprocess.run(
        ["podman", "run", "--rm", "--network=none", image, *command],
        env=dict(host.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def log_of(wanted: BuildOrder) -> str:
    return wanted.log_path.read_text()


def containers(host: BuildHost) -> list[str]:
    command = ["podman", "ps", "--all", "--external", "--quiet"]
    return subprocess.run(
        command, env=dict(host.environment), capture_output=True, text=True, check=True
    ).stdout.split()


def processes_with(text: str) -> list[str]:
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in found if text in line]


async def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_image_is_built_once_and_found_from_then_on(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN echo built-here > /made\n")
    first = await ensure_image(host, wanted)
    assert first == replace(first, image=image_name(wanted.plan.key), built=True)  # type: ignore[type-var]
    second = await ensure_image(host, wanted)
    assert isinstance(second, Ready)
    assert not second.built
    assert run(host, second.image, "cat", "/made") == "built-here\n"
    assert log_of(wanted).count("STEP") == 3
    assert log_of(wanted).endswith(f"Image {wanted.plan.key[:12]} is here already\n")
    inspect = ["podman", "image", "inspect", "--format", '{{index .Labels "tisktask.key"}}', second.image]
    label = subprocess.run(inspect, env=dict(host.environment), capture_output=True, text=True, check=True).stdout
    assert label.strip() == wanted.plan.key


async def test_ten_at_once_make_one_build_and_say_that_they_wait(
    host: BuildHost, order: OrderMaker, tmp_path: Path
) -> None:
    wanted = order("RUN sleep 1\n")
    orders = [replace(wanted, log_path=tmp_path / f"{number}.log") for number in range(10)]
    outcomes = await asyncio.gather(*(ensure_image(host, one) for one in orders))
    assert sorted(outcome.built for outcome in outcomes if isinstance(outcome, Ready)) == [False] * 9 + [True]
    assert sum("waiting for it" in log_of(one) for one in orders) == 9


async def test_a_copy_of_some_files_is_built_again_only_when_they_change(host: BuildHost, order: OrderMaker) -> None:
    text = "COPY needed /needed\n"
    first = await ensure_image(host, order(text, needed="1", other="1"))
    same = await ensure_image(host, order(text, "two", needed="1", other="2"))
    changed = await ensure_image(host, order(text, "three", needed="2", other="2"))
    assert [outcome.built for outcome in (first, same, changed) if isinstance(outcome, Ready)] == [True, False, True]
    assert isinstance(changed, Ready)
    assert run(host, changed.image, "cat", "/needed") == "2"


async def test_a_copy_of_everything_is_built_again_for_every_change(host: BuildHost, order: OrderMaker) -> None:
    text = "WORKDIR /copy\nCOPY . .\n"
    first = await ensure_image(host, order(text, needed="1", other="1"))
    changed = await ensure_image(host, order(text, "two", needed="1", other="2"))
    assert isinstance(first, Ready)
    assert isinstance(changed, Ready)
    assert changed.built
    assert run(host, changed.image, "cat", "other") == "2"


async def test_a_step_that_fails_is_the_users_failure_and_in_the_log(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN echo what went wrong && exit 7\n")
    outcome = await ensure_image(host, wanted)
    assert isinstance(outcome, BuildFailed)
    assert f"from {BUILD_FILE} failed" in outcome.reason
    assert "what went wrong\n" in log_of(wanted)
    assert not await image_exists(host, image_name(wanted.plan.key))


async def test_a_build_file_with_a_mistake_is_the_users_failure(host: BuildHost, order: OrderMaker) -> None:
    outcome = await ensure_image(host, order("NONSENSE x\n"))
    assert isinstance(outcome, BuildFailed)
    assert "NONSENSE" in outcome.reason


async def test_a_base_that_can_not_be_fetched_is_named(host: BuildHost, order: OrderMaker) -> None:
    outcome = await ensure_image(host, order("FROM 127.0.0.1:1/absent:1\n"))
    assert isinstance(outcome, BuildFailed)
    assert "127.0.0.1:1/absent" in outcome.reason
    assert "builds on an image that could not be fetched" in outcome.reason


async def test_a_build_that_takes_too_long_is_ended_with_all_its_processes(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN trap '' TERM; sleep 86399 & sleep 86398\n")
    outcome = await ensure_image(replace(host, limits=BuildLimits(seconds=2)), wanted)
    assert isinstance(outcome, BuildTimedOut)
    assert "longer than 2 seconds" in outcome.reason
    await wait_for(lambda: not processes_with("sleep 8639"))
    assert not processes_with(str(wanted.plan.key))
    assert containers(host) == []
    assert list((host.folder / "at-work").iterdir()) == []


async def test_a_build_that_prints_without_end_is_ended(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN yes\n")
    outcome = await ensure_image(replace(host, limits=BuildLimits(seconds=30, log_bytes=100_000)), wanted)
    assert isinstance(outcome, BuildFailed)
    assert "printed more than 0.1 MB" in outcome.reason


async def test_a_cancelled_build_leaves_nothing(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN sleep 86397\n")
    task = asyncio.create_task(ensure_image(host, wanted))
    await wait_for(lambda: bool(processes_with("sleep 86397")))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_for(lambda: not processes_with("sleep 86397"))
    await remove_working_containers(host)
    assert containers(host) == []
    assert list((host.folder / "at-work").iterdir()) == []


async def test_a_build_outlives_the_process_that_started_it_and_the_next_one_finds_its_image(
    host: BuildHost, order: OrderMaker, tmp_path: Path
) -> None:
    wanted = order("RUN while [ ! -e /go ]; do sleep 0.1; done\n")
    script = (
        "import asyncio, pickle, sys; from tisktask_runner.image.build import ensure_image;"
        "asyncio.run(ensure_image(*pickle.load(sys.stdin.buffer)))"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert starter.stdin
    starter.stdin.write(pickle.dumps((host, wanted)))
    starter.stdin.close()
    await wait_for(lambda: bool(processes_with("-e /go")))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    successor = replace(wanted, log_path=tmp_path / "successor.log")
    task = asyncio.create_task(ensure_image(host, successor))
    await wait_for(lambda: successor.log_path.exists() and "waiting for it" in log_of(successor))
    pid = next(path.read_text() for path in (host.folder / "at-work").rglob("pid"))
    (Path("/proc") / pid / "root" / "go").touch()
    outcome = await task
    assert isinstance(outcome, Ready)
    assert not outcome.built


async def test_an_orphan_of_a_killed_build_is_ended_before_the_next_build(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN sleep 86396\n")
    task = asyncio.create_task(ensure_image(host, wanted))
    await wait_for(lambda: bool(processes_with("sleep 86396")))
    find = ["pgrep", "--full", f"^timeout.*{wanted.plan.key}"]
    os.killpg(int(subprocess.run(find, capture_output=True, text=True, check=True).stdout), signal.SIGKILL)
    assert isinstance(await task, BuildErrored | BuildFailed)
    await wait_for(lambda: not processes_with("sleep 86396"))
    # The killed Podman may take a moment to die, and holds the lock until then: the next collection has it.
    async with asyncio.timeout(20):
        while containers(host):
            await remove_working_containers(host)


async def test_limits_reach_the_steps_of_a_build(host: BuildHost, order: OrderMaker) -> None:
    limited = replace(host, limits=BuildLimits(seconds=40, memory_bytes=64 * 1024**2, cpus=0.5))
    outcome = await ensure_image(limited, order("RUN dd if=/dev/zero of=/dev/null bs=200M count=1\n"))
    assert isinstance(outcome, BuildFailed)


async def test_a_build_without_network_has_none(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN ip -o link && echo links: $(ip -o link | wc -l)\n")
    outcome = await ensure_image(replace(host, network=NamedNetwork("none")), wanted)
    assert isinstance(outcome, Ready)
    assert "links: 1\n" in log_of(wanted)


async def test_a_step_does_not_see_the_hosts_network(host: BuildHost, order: OrderMaker) -> None:
    wanted = order("RUN ls -l /proc/self/ns/net\n")
    outcome = await ensure_image(host, wanted)
    assert isinstance(outcome, Ready)
    assert "net:[" in log_of(wanted)
    assert str(Path("/proc/self/ns/net").readlink()) not in log_of(wanted)


@pytest.mark.skipif(shutil.which("cpp") is None, reason="Podman does not preprocess without cpp")
async def test_a_build_file_includes_no_file_of_this_host(host: BuildHost, order: OrderMaker, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("RUN echo hidden\n")
    text = f'#include "{tmp_path}/secret"\nCOPY one /one\n'
    wanted = order(text, build_file=".tisktask/Containerfile.in", one="1")
    assert isinstance(await ensure_image(host, wanted), Ready), log_of(wanted)
    assert "hidden" not in log_of(wanted)


async def test_a_host_without_podman_says_so(host: BuildHost, order: OrderMaker) -> None:
    outcome = await ensure_image(replace(host, podman="podman-is-not-here"), order("RUN true\n"))
    assert isinstance(outcome, BuildErrored)
    assert "no podman-is-not-here" in outcome.reason


async def test_the_default_image_is_made_loaded_once_and_runs_scripts(host: BuildHost, tmp_path: Path) -> None:
    first, second = await asyncio.gather(*(ensure_default_image(host, tmp_path / "default.tar") for _ in range(2)))
    assert isinstance(first, DefaultImage)
    assert first == second
    assert run(host, first.image, "/usr/bin/env", "sh", "-c", "echo $HOME; id -un") == "/root\nroot\n"
    assert "CERTIFICATE" in run(host, DEFAULT_IMAGE, "cat", "/etc/ssl/certs/ca-certificates.crt")


async def test_a_build_file_may_build_on_the_default_image(host: BuildHost, order: OrderMaker) -> None:
    outcome = await ensure_image(host, order("FROM localhost/tisktask/default\nRUN wget --help 2>&1 | head -1\n"))
    assert isinstance(outcome, Ready), outcome


async def test_a_host_without_busybox_names_what_to_install(
    host: BuildHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = await ensure_default_image(host, tmp_path / "absent.tar")
    assert isinstance(outcome, BuildErrored)
    assert "install busybox-static" in outcome.reason


async def test_leftovers_of_dead_builds_are_removed_but_not_while_one_is_at_work(
    host: BuildHost, order: OrderMaker
) -> None:
    task = asyncio.create_task(ensure_image(host, order("RUN sleep 86395\n")))
    await wait_for(lambda: bool(processes_with("sleep 86395")))
    assert await remove_working_containers(host) == 0
    assert containers(host) != []
    task.cancel()
    await asyncio.wait({task})
    await remove_working_containers(host)
    assert containers(host) == []
