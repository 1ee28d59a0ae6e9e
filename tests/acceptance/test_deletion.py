"""A run is deleted on a whole stack: who needs it is asked, its logs go from the disk, the forge keeps what it shows."""

import subprocess

import pytest

from git_server import program
from project import Project
from stack import COMMAND, Stack, job_named, wait_for

pytestmark = pytest.mark.timeout(180)


@pytest.mark.usefixtures("nothing_left")
def test_a_run_goes_with_its_logs_after_the_one_that_shows_them(project: Project, stack: Stack) -> None:
    files = {
        ".tisktask/push/build": program("#!/bin/sh\necho built\n"),
        ".tisktask/push/lint": program("#!/bin/sh\nexit 3\n"),
    }
    first = project.run(files)
    built = job_named(first, "build")
    assert stack.wait_for_log(built["id"]) == b"built\n"
    second = stack.cli("run", "rerun", first["id"], "--failed").split()[1]
    wait_for(lambda: stack.api(f"/runs/{second}")["state"] == "failed", 60, stack.log_tail)
    folder = stack.data / "logstream" / "logs" / first["id"]
    assert list(folder.glob("*.log"))

    refused = delete(stack, first["id"])
    assert refused.returncode == 1
    assert "run #2 shows what has run in it. Delete that one first" in refused.stderr
    for run in (second, first["id"]):
        # Its last states may be on their way still.
        wait_for(lambda run=run: delete(stack, run).returncode == 0, 30, stack.log_tail)
    wait_for(lambda: not folder.exists(), 20, stack.log_tail)
    assert project.statuses(first["sha"], "tisktask/push")[-1] == "failure"
    assert stack.api("/runs")["items"] == [] or first["id"] not in {run["id"] for run in stack.api("/runs")["items"]}


def delete(stack: Stack, run: str) -> "subprocess.CompletedProcess[str]":
    command = [COMMAND, "run", "delete", run, "--data-dir", str(stack.data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
