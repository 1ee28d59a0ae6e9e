"""What an OCI runtime remembers of containers that are gone, with a stand-in for the runtime."""

import json
from pathlib import Path

from tisktask_runner.engine.runtime_states import remove_states


def runtime(folder: Path, listed: list[dict[str, str]] | None) -> Path:
    """A program that lists these containers, and writes down what it is to delete."""
    (folder / "listed").write_text(json.dumps(listed))
    program = folder / "runtime"
    program.write_text(
        f'#!/bin/sh\ncase $1 in list) cat "{folder}/listed" ;; *) echo "$@" >> "{folder}/deleted" ;; esac\n'
    )
    program.chmod(0o755)
    return program


def container(name: str, bundle: Path, status: str = "stopped") -> dict[str, str]:
    return {"id": name, "status": status, "bundle": str(bundle)}


def test_only_what_has_ended_in_folders_of_ours_and_is_gone_is_removed(tmp_path: Path) -> None:
    ours, strange = tmp_path / "ours", tmp_path / "strange"
    (ours / "there").mkdir(parents=True)
    listed = [
        container("gone", ours / "gone"),
        container("running", ours / "running", "running"),
        container("there", ours / "there"),
        container("strange", strange / "gone"),
    ]
    assert remove_states(str(runtime(tmp_path, listed)), [ours]) == 1
    assert (tmp_path / "deleted").read_text() == "delete --force gone\n"


def test_a_runtime_that_knows_nothing_or_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert remove_states(str(runtime(tmp_path, None)), [tmp_path]) == 0
    assert remove_states(str(tmp_path / "nothing"), [tmp_path]) == 0
