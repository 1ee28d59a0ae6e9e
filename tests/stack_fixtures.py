"""One whole stack for all acceptance tests, on a Podman storage of its own; forges and git beside it."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from busybox import busybox_tar
from forge import BackgroundForge, Flavour, Forge
from git_server import GitServer, serve_git
from project import Project
from stack import Stack, wait_for
from standin_images import debian_python_archive
from tisktask_runner.host.storage import Storage


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Two runner replicas on one host; at the end nothing of it may be left."""
    # Short, and not pytest's: Unix socket paths are limited, and Podman's storage must not be on a tmpfs.
    folder = Path(tempfile.mkdtemp(prefix="tt-", dir="/var/tmp"))
    storage = Storage(folder / "data" / "runner", folder / "storage", folder / "run")
    environment = {
        "TISKTASK_PODMAN_ROOT": str(storage.root),
        "TISKTASK_PODMAN_RUNROOT": str(storage.runroot),
        "TISKTASK_LABELS": "gpu,big",
        "TISKTASK_SLOTS": "2",
        "TISKTASK_RETRY_PAUSE_SECONDS": "0.2",
        "TISKTASK_JOB_GRACE_SECONDS": "4",
        # GitHub's second between two statuses lets jobs of a moment end before anything was said of them.
        "TISKTASK_GITHUB_POST_PAUSE_SECONDS": "0",
        "TISKTASK_GITHUB_POSTS_PER_HOUR_MAX": "0",
    }
    stack = Stack(folder / "data", environment, runners=2)
    try:
        stack.start()
        yield stack
        assert stack.stop() == 0
        assert left_over(storage) == {}
    finally:
        stack.stop()
        remove_storage(storage)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def storage(stack: Stack) -> Storage:
    """The Podman storage that the stack's runners use, for images and for looking what is left."""
    return Storage(
        stack.data / "runner",
        Path(stack.environment["TISKTASK_PODMAN_ROOT"]),
        Path(stack.environment["TISKTASK_PODMAN_RUNROOT"]),
    )


@pytest.fixture(scope="session")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """Real git over HTTP that asks for a token."""
    with serve_git(tmp_path_factory.mktemp("git"), {"nobody-knows"}) as server:
        yield server


@pytest.fixture(scope="session")
def forges() -> Iterator[dict[Flavour, Forge]]:
    """One model of each forge."""
    with (
        BackgroundForge(Flavour.GITHUB) as github,
        BackgroundForge(Flavour.FORGEJO) as forgejo,
        BackgroundForge(Flavour.GITEA) as gitea,
    ):
        yield {Flavour.GITHUB: github, Flavour.FORGEJO: forgejo, Flavour.GITEA: gitea}


@pytest.fixture
def make_project(stack: Stack, git: GitServer, forges: dict[Flavour, Forge], tmp_path: Path) -> Callable[..., Project]:
    return lambda flavour, object_format="sha1": Project.create(stack, forges[flavour], git, tmp_path, object_format)


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A repository on Forgejo."""
    return make_project(Flavour.FORGEJO)


@pytest.fixture
def nothing_left(storage: Storage) -> Iterator[None]:
    """After the test no pod, container or network of a job is there."""
    yield
    wait_for(lambda: not left_over(storage), 20, lambda: str(left_over(storage)))


def remove_storage(storage: Storage) -> None:
    """Empty a storage, so that its folder can be deleted.

    Not by `podman system reset`: that removes the networks of the whole machine, also of tests beside this one.
    """
    for command in (("pod", "rm", "--all", "--force", "--time", "0"), ("rm", "--all", "--force", "--time", "0")):
        podman(storage, *command)
    for place in (storage.root, storage.runroot):
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if f" {place}/" in line]
        for mount in sorted(mounts, reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


def podman(storage: Storage, *arguments: str) -> str:
    command = ["podman", *arguments]
    done = subprocess.run(command, env=storage.environment(os.environ), capture_output=True, text=True, check=False)
    return done.stdout


def left_over(storage: Storage, host: str = "") -> dict[str, list[str]]:
    """What jobs have left in Podman, by kind. Networks are the whole machine's: those of the (stack's) host count."""
    host = host or (storage.state.parent / "host-name").read_text().strip()
    labelled = ("--filter", f"label=tisktask.host={host}", "--format", "json")
    pods = [pod["Name"] for pod in json.loads(podman(storage, "pod", "ls", "--format", "json") or "[]")]
    names = json.loads(podman(storage, "ps", "--all", "--external", "--format", "json") or "[]")
    networks = [network["name"] for network in json.loads(podman(storage, "network", "ls", *labelled) or "[]")]
    found = {
        "pods": pods,
        "containers": [str(container["Names"]) for container in names],
        "networks": networks,
    }
    return {kind: things for kind, things in found.items() if things}


def import_image(storage: Storage, tar: bytes, name: str, *changes: str) -> None:
    """Make an image of a root file system; `changes` are instructions such as `CMD [...]`."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "root.tar"
        archive.write_bytes(tar)
        podman(storage, "import", *(f"--change={change}" for change in changes), str(archive), name)
    assert podman(storage, "images", "-q", name).strip()


@pytest.fixture(scope="session")
def busybox(storage: Storage) -> str:
    """Debian's static busybox under the official name, as a base for builds."""
    name = "docker.io/library/busybox:latest"
    import_image(storage, busybox_tar(), name)
    return name


@pytest.fixture(scope="session")
def debian_python(storage: Storage) -> str:
    """Debian with Python from debootstrap, as a stand-in for the official image."""
    name = "docker.io/library/python:3.11-slim-bookworm"
    podman(storage, "import", str(debian_python_archive()), name)
    assert podman(storage, "images", "-q", name).strip()
    return name
