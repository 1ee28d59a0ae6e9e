"""Hosts share images by their key through a real registry."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nats_server import free_port
from podman_host import IMAGE, PodmanHost, podman_host  # noqa: F401 - the fixture
from tisktask_runner.image.build import BuildOrder, ensure_image
from tisktask_runner.image.host import BuildHost, BuildLimits, call_podman, image_name
from tisktask_runner.image.key import plan_build
from tisktask_runner.image.outcomes import Ready
from tisktask_runner.source.tree import Listing

CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The address of an empty registry."""
    if shutil.which("docker-registry") is None:
        pytest.skip("no docker-registry (package of that name): sharing images can not be tried")
    port = free_port()
    (tmp_path / "registry.yml").write_text(CONFIG.format(folder=tmp_path / "registry", port=port))
    with (tmp_path / "registry.log").open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", tmp_path / "registry.yml"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 20
        while not _listens(port):
            assert process.poll() is None, (tmp_path / "registry.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"127.0.0.1:{port}/tisktask"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def host(podman_host: PodmanHost, registry: str, tmp_path: Path) -> BuildHost:  # noqa: F811 - the fixture
    trusted = tmp_path / "registries.conf"
    trusted.write_text(f'[[registry]]\nlocation = "{registry.partition("/")[0]}"\ninsecure = true\n')
    environment = {**podman_host.environment, "CONTAINERS_REGISTRIES_CONF": str(trusted)}
    return BuildHost(tmp_path / "builds", environment, BuildLimits(seconds=40), registry=registry)


def order(tmp_path: Path, step: str) -> BuildOrder:
    text = f"FROM {IMAGE}\n# {tmp_path} {os.getpid()}\nRUN {step}\n"
    plan = plan_build(Listing("1" * 40, (), {"Containerfile": text}), "Containerfile", "linux/amd64")
    return BuildOrder(plan, tmp_path, tmp_path / "log")


async def test_an_image_that_another_host_has_built_is_not_built_again(host: BuildHost, tmp_path: Path) -> None:
    wanted = order(tmp_path, "echo shared > /made")
    first = await ensure_image(host, wanted)
    assert isinstance(first, Ready)
    assert first.built
    assert (await call_podman(host, "rmi", "--force", first.image)).exit_code == 0
    second = await ensure_image(host, wanted)
    assert isinstance(second, Ready)
    assert not second.built
    assert f"came from {host.registry}" in wanted.log_path.read_text()
    assert wanted.log_path.read_text().count("STEP 1/") == 1
    made = await call_podman(host, "run", "--rm", "--network=none", image_name(wanted.plan.key), "cat", "/made")
    assert made.output == "shared\n"


async def test_a_registry_that_is_down_costs_no_build(host: BuildHost, tmp_path: Path) -> None:
    wanted = order(tmp_path, "true")
    outcome = await ensure_image(replace(host, registry="127.0.0.1:1/tisktask"), wanted)
    assert isinstance(outcome, Ready)
    assert outcome.built
    assert "could not be sent to 127.0.0.1:1/tisktask" in wanted.log_path.read_text()
