"""Schedules and runs with inputs from a terminal, against a real stack: printed, refused, exit codes."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli_terminal import Terminal
from stack import COMMAND

SHA = "ab" * 20


@pytest.fixture
def name(terminal: Terminal) -> str:
    """A repository of a forge; nobody looks at it, for the stack has no runner."""
    name = f"acme/s{os.urandom(3).hex()}"
    terminal.run("repo", "add", f"https://forge.example/{name}.git", "--forge", "forgejo", "--api-url", "")
    return name


def test_a_schedule_is_added_shown_changed_paused_and_removed(terminal: Terminal, name: str) -> None:
    said = terminal.run(
        *("schedule", "add", name, "nightly", "30 3 * * MON-FRI", "--time-zone", "Europe/Berlin"),
        *("--input", "full=yes", "--input", "note=a=b c", "--ref", "release"),
    ).stdout
    assert said.startswith("nightly  30 3 * * MON-FRI  Europe/Berlin\n")
    assert "input    note=a=b c" in said
    shown = terminal.json("schedule", "show", name, "nightly")
    assert (shown["ref"], shown["overlap"], shown["inputs"]) == ("release", "skip", {"full": "yes", "note": "a=b c"})
    assert shown["next_at"] is not None
    listed = terminal.run("schedule", "list", name).stdout
    assert [word in listed for word in ("nightly", "Europe/Berlin", "release", "not yet")] == [True] * 4
    assert [one["name"] for one in terminal.json("schedule", "list", name)["items"]] == ["nightly"]
    changed = terminal.json("schedule", "set", name, "nightly", "--cron", "@hourly", "--ref", "default")
    assert (changed["cron"], changed["ref"], changed["time_zone"]) == ("@hourly", None, "Europe/Berlin")
    assert "next     paused" in terminal.run("schedule", "pause", name, "nightly").stdout
    assert terminal.json("schedule", "show", name, "nightly")["next_at"] is None
    assert terminal.json("schedule", "resume", name, "nightly")["next_at"] is not None
    assert terminal.run("schedule", "remove", name, "nightly").stdout == "done\n"
    assert terminal.json("schedule", "list", name)["items"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "x", "61 * * * *"), "cron: '61' is no minute"),
        (("add", "x", "@daily", "--time-zone", "Mars"), "time_zone: 'Mars' is no time zone"),
        (("add", "../x", "@daily"), "name: '../x' can not be the name of a folder"),
        (("add", "x", "@daily", "--input", "1=2"), "inputs: '1' is no name"),
        (("add", "x", "@daily", "--input", "a"), "--input 'a': KEY=VALUE is expected"),
        (("add", "x", "@daily", "--overlap", "maybe"), "Invalid value for '--overlap'"),
        (("set", "x"), "say what to change"),
        (("show", "none"), "There is no schedule none."),
        (("pause", "none"), "there is no schedule none in this repository"),
        (("remove", "none"), "There is no schedule none."),
        (("run", "none"), "there is no schedule none in this repository"),
    ],
)
def test_what_can_not_be_is_refused_with_exit_code_2(
    terminal: Terminal, name: str, arguments: tuple[str, ...], said: str
) -> None:
    command, *rest = arguments
    assert said in terminal.run("schedule", command, name, *rest, code=2).stderr


def test_a_run_of_a_commit_is_started_with_inputs(terminal: Terminal, name: str) -> None:
    made = terminal.json("trigger", "manual", "--repo", name, "--ref", SHA, "--action", "deploy", "--input", "env=live")
    assert (made["event"], made["action"], made["sha"], made["actor"]) == ("manual", "deploy", SHA, "admin")
    shown = terminal.json("run", "show", made["id"])
    assert shown["inputs"] == {"env": "live"}
    terminal.run("run", "cancel", made["id"])


def test_a_run_that_can_not_start_says_why(terminal: Terminal, name: str) -> None:
    for arguments, said in (
        (("--input", "=x"), "--input '=x'"),
        (("--input", "a=1", "--input", "a=2"), "--input a was given twice"),
        (("--input", "a-b=1", "--input", "A_B=2"), "would be the same variable"),
        (("--action", "a/b"), "action: 'a/b'"),
        (("--ref", "a..b"), "ref: 'a..b'"),
    ):
        assert said in terminal.run("trigger", "manual", "--repo", name, *arguments, code=2).stderr
    assert "event: a run of pull_request" in terminal.run("trigger", "pull_request", "--repo", name, code=2).stderr


def test_who_waits_for_a_run_hears_why_it_does_not_start(terminal: Terminal, name: str) -> None:
    command = [COMMAND, "trigger", "manual", "--repo", name]
    environment = terminal.environment | {"TISKTASK_DATA_DIR": str(terminal.stack.data)}
    waiting = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert waiting.stderr
    assert "no runner has looked at the repository yet" in waiting.stderr.readline()
    terminal.run("repo", "remove", name)
    assert waiting.stderr.read() == "tisktask: The repository was removed.\n"
    assert waiting.wait(timeout=20) == 1
    waiting.stderr.close()


def test_a_folder_is_run_with_inputs_also_by_its_name(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / f"repo-{os.urandom(3).hex()}"
    (folder / ".tisktask" / "manual").mkdir(parents=True)
    (folder / "file").write_text("x")
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    refused = terminal.run("trigger", "manual", "--path", folder, "--input", "1x=here", code=2)
    assert "'1x' is no name" in refused.stderr
    made = terminal.json("trigger", "manual", "--path", folder, "--input", "env=here")
    assert inputs_of(terminal, made) == {"env": "here"}
    inside = Terminal(terminal.stack, terminal.environment, folder)
    # Named or not: where we are is run as it is here.
    again = inside.json("trigger", "manual", "--repo", made["repository"], "--input", "env=inside")
    assert (again["title"], inputs_of(terminal, again)) == ("One", {"env": "inside"})
    for run in (made, again):
        terminal.run("run", "cancel", run["id"])


def inputs_of(terminal: Terminal, run: dict[str, Any]) -> Any:
    return terminal.stack.api(f"/runs/{run['id']}")["inputs"]
