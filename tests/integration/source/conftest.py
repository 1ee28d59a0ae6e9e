"""A git server, a repository on it in each of git's two object formats, and mirrors."""

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


@pytest.fixture(params=["sha1", "sha256"])
def object_format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def absent(object_format: str) -> str:
    """A commit that no repository has."""
    return "1" * {"sha1": 40, "sha256": 64}[object_format]


@pytest.fixture
def repository(server: GitServer, object_format: str) -> GitRepository:
    return server.create("owner/name", object_format)


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", TransferLimits(seconds=20, tries=3, pause_seconds=0.01))
