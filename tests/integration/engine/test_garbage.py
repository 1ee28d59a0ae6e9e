"""What is collected, and what is left alone."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from podman_host import IMAGE, PodmanHost, Pods
from tisktask_runner.engine.model import Collected
from tisktask_runner.engine.networks import interface_prefix
from tisktask_runner.engine.podman_info import host_tag, pod_name
from tisktask_runner.engine.pods import Engine, open_engine
from tisktask_runner.engine.translation import chain_of

HOST = "garbage-host"
STRANGER = "another-host"
NAMESPACE = "tisktest-gone"


@pytest.fixture
async def collector(podman_host: PodmanHost) -> Iterator[Engine]:
    podman_host.hosts += [HOST, STRANGER]
    place = replace(podman_host.place(host=HOST), garbage_age_seconds=0, cgroup_age_seconds=0)
    async with open_engine(place) as engine:
        # What earlier tests have left at the runtime is none of the next one's.
        await engine.collect_garbage(lambda _: True)
        yield engine


def nobody(_labels: object) -> bool:
    return False


async def test_pods_that_no_attempt_claims_are_removed_and_others_stay(
    podman_host: PodmanHost, collector: Engine, tmp_path: Path
) -> None:
    mine = Pods(collector, tmp_path)
    async with open_engine(podman_host.place(host=STRANGER)) as stranger:
        theirs = Pods(stranger, tmp_path)
        live = await mine.sh("live", "sleep 1000", network=True)
        await mine.sh("dead", "sleep 1000", network=True)
        foreign = await theirs.create("foreign", "/bin/true", network=True)
        podman_host.podman("pod", "create", "--name", pod_name(HOST, "half"), "--label", f"tisktask.host={HOST}")
        podman_host.podman("network", "create", "--label", f"tisktask.host={HOST}", pod_name(HOST, "unused"))
        try:
            collected = await collector.collect_garbage(lambda labels: labels["tisktask.job"] == "live")
            assert (collected.pods, collected.networks) == (2, 2)
            left = set(podman_host.podman("pod", "ls", "-q", "--no-trunc").split())
            assert left == {live.pod_id, foreign.pod_id}
            networks = podman_host.podman("network", "ls", "-q").split()
            assert {live.network, foreign.network} <= {*networks}
            assert not {pod_name(HOST, "dead"), pod_name(HOST, "unused")} & {*networks}
            assert await collector.collect_garbage(lambda _: True) == Collected()
        finally:
            await collector.remove(live)
            await stranger.remove(foreign)
            await collector.collect_garbage(nobody)


async def test_young_pods_are_left_alone(podman_host: PodmanHost, collector: Engine, tmp_path: Path) -> None:
    async with open_engine(podman_host.place(host=HOST)) as engine:
        pods = Pods(engine, tmp_path)
        pod = await pods.create("young", "/bin/true", network=True)
        try:
            assert await engine.collect_garbage(nobody) == Collected()
            assert await engine.find({}) != []
        finally:
            await engine.remove(pod)
            # Podman leaves an empty control group in hybrid hierarchies.
            await collector.collect_garbage(nobody)


async def test_containers_that_only_the_storage_knows_are_removed(podman_host: PodmanHost, collector: Engine) -> None:
    for host in (HOST, STRANGER):
        _run("buildah", "from", "--pull-never", "--name", f"{pod_name(host, 'lost')}-job", IMAGE, host=podman_host)
    collected = await collector.collect_garbage(nobody)
    names = podman_host.podman("ps", "--all", "--external", "--format", "{{.Names}}").split()
    _run("buildah", "rm", "--all", host=podman_host)
    assert collected == Collected(containers=1)
    assert names == [f"{pod_name(STRANGER, 'lost')}-job"]


async def test_bridges_with_their_namespaces_are_removed(collector: Engine) -> None:
    mine, theirs = f"{interface_prefix(HOST)}gone", f"{interface_prefix(STRANGER)}gone"
    with _bridges(mine, theirs):
        collected = await collector.collect_garbage(nobody)
        assert collected == Collected(namespaces=1)
        interfaces = {path.name for path in Path("/sys/class/net").iterdir()}
        assert theirs in interfaces
        assert not {mine, "ttgone0"} & interfaces
        assert not Path("/run/netns", NAMESPACE).exists()


async def test_empty_control_groups_of_pods_that_are_gone_are_removed(collector: Engine) -> None:
    parents = [path / f"tisktask-{host_tag(HOST)}" for path in _controllers()]
    if not parents:
        pytest.skip("no control groups that can be written")
    for parent in parents:
        (parent / ("0" * 64) / f"libpod-{'1' * 64}").mkdir(parents=True)
    collected = await collector.collect_garbage(nobody)
    assert collected == Collected(cgroups=1)
    assert not any((parent / ("0" * 64)).exists() for parent in parents)


async def test_control_groups_of_pods_that_may_be_on_their_way_are_left_alone(
    podman_host: PodmanHost, collector: Engine
) -> None:
    """Libpod makes a pod's control group before it knows the pod."""
    parents = [path / f"tisktask-{host_tag(HOST)}" for path in _controllers()]
    if not parents:
        pytest.skip("no control groups that can be written")
    for parent in parents:
        (parent / ("2" * 64)).mkdir(parents=True)
    async with open_engine(replace(collector.place, cgroup_age_seconds=300)) as patient:
        assert await patient.collect_garbage(nobody) == Collected()
    assert all((parent / ("2" * 64)).exists() for parent in parents)
    # Old in one hierarchy of cgroup v1, young in another: it may be one that is being made.
    os.utime(parents[0] / ("2" * 64), (1, 1))
    async with open_engine(replace(collector.place, cgroup_age_seconds=300)) as patient:
        assert (await patient.collect_garbage(nobody)).cgroups == (1 if len(parents) == 1 else 0)
    await collector.collect_garbage(nobody)
    assert not any((parent / ("2" * 64)).exists() for parent in parents)


async def test_old_temporary_folders_of_builds_are_removed(podman_host: PodmanHost, collector: Engine) -> None:
    folder = podman_host.storage.temporary
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("buildah1", "buildah2"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "deep" / "file").write_text("x")
    os.utime(folder / "buildah1", (1, 1))
    collected = await collector.collect_garbage(nobody)
    assert collected == Collected(build_folders=1)
    assert (folder / "buildah2").is_dir()
    assert not (folder / "buildah1").exists()


def _controllers() -> list[Path]:
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in (root / "memory", root / "pids") if path.is_dir()]


@contextlib.contextmanager
def _bridges(mine: str, theirs: str) -> Iterator[None]:
    """Bridges as a killed Podman leaves them: with a veth into a namespace where nobody is."""
    try:
        for bridge in (mine, theirs):
            _run("ip", "link", "add", bridge, "type", "bridge")
        _run("ip", "netns", "add", NAMESPACE)
        _run("ip", "link", "add", "ttgone0", "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        _run("ip", "link", "set", "ttgone0", "master", mine)
        yield
    finally:
        for bridge in (mine, theirs, "ttgone0"):
            subprocess.run(["ip", "link", "delete", bridge], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=False, capture_output=True)


def _run(*command: str, host: PodmanHost | None = None) -> None:
    environment = host.environment if host else None
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr


async def test_address_translation_that_was_left_goes_with_its_network(engine: Engine, pods: Pods) -> None:
    """As netavark leaves it that is killed while it takes a network down."""
    pod = await pods.sh("translated", "sleep 300", network=True)
    assert pod.network
    chain = chain_of(pod.network)
    rules = iptables("-S")
    assert f"-N {chain}" in rules
    await engine.remove(pod)
    assert chain not in "\n".join(iptables("-S"))
    left = [rule for rule in rules if chain in rule]
    for rule in left:
        iptables(*rule.split())
    await engine.remove(pod)
    assert chain not in "\n".join(iptables("-S"))


def iptables(*arguments: str) -> list[str]:
    command = ["iptables", "--wait", "5", "-t", "nat", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
