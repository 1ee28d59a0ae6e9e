"""One whole stack without runners, for all tests of this folder that do not end it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_terminal import Terminal
from stack import Stack


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="tt-up-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def shared_stack(shared_folder: Path) -> Iterator[Stack]:
    # GitHub's second between two changes is not waited for.
    environment = {"XDG_STATE_HOME": str(shared_folder / "state"), "TISKTASK_GITHUB_POST_PAUSE_SECONDS": "0"}
    found = Stack(shared_folder / "data", environment, runners=0)
    try:
        found.start()
        yield found
        assert found.stop() == 0
    finally:
        # Also one that did not become ready.
        found.stop()


@pytest.fixture
def environment(shared_folder: Path) -> dict[str, str]:
    """The user's register of stacks is not touched, and no other stack of the user is seen."""
    return os.environ | {"XDG_STATE_HOME": str(shared_folder / "state"), "NO_COLOR": "1"}


@pytest.fixture
def terminal(shared_stack: Stack, environment: dict[str, str], tmp_path: Path) -> Terminal:
    return Terminal(shared_stack, environment, tmp_path)
