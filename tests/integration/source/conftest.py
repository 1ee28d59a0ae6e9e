"""A git server, a repository on it, and mirrors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from git_server import GitRepository, GitServer, serve_git
from tisktask_runner.source.mirror import Mirrors
from tisktask_runner.source.transfer import TransferLimits


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with serve_git(tmp_path / "server") as running:
        yield running


@pytest.fixture
def repository(server: GitServer) -> GitRepository:
    return server.create("owner/name")


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", TransferLimits(seconds=20, tries=3, pause_seconds=0.01))
