"""A pod whose network namespace has lost its name is mended, and is in nobody's way meanwhile."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from podman_host import PodmanHost, Pods, until
from tisktask_runner.engine.model import Exit, Pod
from tisktask_runner.engine.namespaces import MissingNamespace, missing_namespace
from tisktask_runner.engine.pods import Engine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces have names for root only")


def inspect(podman_host: PodmanHost, *what: str) -> Any:
    found = json.loads(podman_host.podman(*what))
    return found[0] if isinstance(found, list) else found


def lose_namespace(podman_host: PodmanHost, pod: Pod, *, with_processes: bool) -> None:
    """Do what a Podman leaves that was killed while it took a pod down."""
    infra = inspect(podman_host, "pod", "inspect", pod.pod_id)["InfraContainerID"]
    described = [inspect(podman_host, "container", "inspect", one) for one in (infra, pod.container_id)]
    if with_processes:
        # The monitors first: they would tell of the end.
        for number in [one["State"]["ConmonPid"] for one in described] + [one["State"]["Pid"] for one in described]:
            os.kill(number, signal.SIGKILL)
    path = described[0]["NetworkSettings"]["SandboxKey"]
    subprocess.run(["ip", "netns", "delete", Path(path).name], check=True)


async def test_a_running_pod_goes_on_in_its_network(podman_host: PodmanHost, engine: Engine, pods: Pods) -> None:
    pod = await pods.sh("nameless", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done", network=True)
    await until(pod, "up")
    lose_namespace(podman_host, pod, with_processes=False)
    assert [found.pod.pod_id for found in await engine.find({})] == [pod.pod_id]
    await engine.stop(pod, grace_seconds=20)
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert ended.exit_code == 7
    await engine.remove(pod)
    assert podman_host.leftovers() == []


async def test_a_dead_pod_can_be_removed_and_the_others_be_seen(
    podman_host: PodmanHost, engine: Engine, pods: Pods
) -> None:
    dead, living = [await pods.sh(name, "echo up; sleep 300", network=True) for name in ("dead", "living")]
    for pod in (dead, living):
        await until(pod, "up")
    lose_namespace(podman_host, dead, with_processes=True)
    assert {found.pod.pod_id for found in await engine.find({})} == {dead.pod_id, living.pod_id}
    for pod in (dead, living):
        await engine.remove(pod)
    assert podman_host.leftovers() == []


def test_only_podmans_own_words_about_its_own_folder_are_taken() -> None:
    container = "1c" * 32
    said = "joining network namespace of container {}: retrieving network namespace at {}: failed to Statfs"
    path = "/run/netns/netns-ebd41896-18ea-4601-97d5-bcae61b6921d"
    assert missing_namespace(said.format(container, path)) == MissingNamespace(container, Path(path))
    for wrong in ("/run/netns/../../etc/passwd", "/etc/passwd", "/run/netns/"):
        assert missing_namespace(said.format(container, wrong)) is None
    assert missing_namespace("no such container") is None
