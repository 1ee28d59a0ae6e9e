"""Migrations that were released have run in databases that we do not know: they stay as they are, to the byte."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests" / "previous_release" / "migrations.sha256").read_text().splitlines()
RELEASED = {path: checksum for checksum, _, path in (line.partition("  ") for line in LINES)}


@pytest.mark.parametrize("path", RELEASED)
def test_a_released_migration_is_not_changed(path: str) -> None:
    checksum = hashlib.sha256((ROOT / "services" / path).read_bytes()).hexdigest()
    assert checksum == RELEASED[path], f"{path} was released: put the change in a new file"


def test_what_is_new_comes_behind_what_was_released() -> None:
    for folder in {Path(path).parent for path in RELEASED}:
        names = sorted(path.name for path in (ROOT / "services" / folder).glob("*.sql"))
        released = sorted(Path(path).name for path in RELEASED if Path(path).parent == folder)
        assert names[: len(released)] == released
