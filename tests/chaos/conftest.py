"""A stack of each campaign's own, whose parts may be killed."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from busybox import busybox_tar
from chaos.programs import IMAGE_BESIDE
from forge import BackgroundForge, Flavour
from git_server import serve_git
from project import Project
from stack import Stack
from stack_fixtures import import_image, left_over, remove_storage
from tisktask_runner.host.storage import Storage


@pytest.fixture
def storage() -> Iterator[Storage]:
    # Short, and not pytest's: Unix socket paths are limited, and Podman's storage must not be on a tmpfs.
    folder = Path(tempfile.mkdtemp(prefix="tt-", dir="/var/tmp"))
    storage = Storage(folder / "data" / "runner", folder / "storage", folder / "run")
    try:
        yield storage
    finally:
        remove_storage(storage)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stack(storage: Storage) -> Iterator[Stack]:
    """Two runner replicas on one host; at the end nothing of it may be left."""
    environment = {
        "TISKTASK_PODMAN_ROOT": str(storage.root),
        "TISKTASK_PODMAN_RUNROOT": str(storage.runroot),
        "TISKTASK_SLOTS": "3",
        "TISKTASK_RETRY_PAUSE_SECONDS": "0.5",
    }
    stack = Stack(storage.state.parent, environment, runners=2)
    try:
        stack.start()
        yield stack
        assert stack.stop() == 0
        assert left_over(storage) == {}
    finally:
        stack.stop()


@pytest.fixture
def project(stack: Stack, storage: Storage, tmp_path: Path) -> Iterator[Project]:
    """A repository on Forgejo."""
    import_image(storage, busybox_tar(), IMAGE_BESIDE)
    folder = tmp_path / "git"
    folder.mkdir()
    with serve_git(folder, {"nobody-knows"}) as git, BackgroundForge(Flavour.FORGEJO) as forge:
        yield Project.create(stack, forge, git, tmp_path)
