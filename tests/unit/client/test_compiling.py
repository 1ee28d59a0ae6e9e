"""How set-up comes by the program, and `tisktask up` to it."""

import subprocess
import sys
from pathlib import Path

import pytest

from client_program import ROOT, compiled_client
from tisktask_cli.stack.layout import command_client

TOOL = ROOT / "tools" / "command_client.py"


def test_it_is_compiled_again_only_if_its_source_has_changed(tmp_path: Path) -> None:
    program = compiled_client(tmp_path)
    first = program.stat().st_ino
    assert compiled_client(tmp_path).stat().st_ino == first
    program.write_bytes(program.read_bytes()[:100])
    assert compiled_client(tmp_path).stat().st_ino != first
    assert list(tmp_path.iterdir()) == [program]


def test_it_needs_nothing_of_the_image_that_it_runs_in(tmp_path: Path) -> None:
    program = compiled_client(tmp_path).read_bytes()
    assert b"ld-linux" not in program
    assert b"ld-musl" not in program
    assert len(program) < 2_000_000


def test_without_a_compiler_it_is_said_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, TOOL, tmp_path / "tisktask-cmd"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "apt-get install musl-tools" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_is_found_beside_the_environment_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert command_client() is None
    (tmp_path / "libexec").mkdir()
    program = compiled_client(tmp_path / "libexec")
    assert command_client() == program
