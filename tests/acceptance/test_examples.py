"""The examples are what new users copy: they run, unchanged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from git_server import File, plain, program
from stack import job_named, wait_for

pytestmark = pytest.mark.timeout(300)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def _files(folder: Path) -> dict[str | bytes, File]:
    return {
        path.relative_to(folder).as_posix(): (program if os.access(path, os.X_OK) else plain)(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_shell_project_passes_in_the_default_image(project, stack):
    run = project.run(_files(EXAMPLES / "shell-project"))
    assert run["state"] == "succeeded"
    assert "\x1b[32mok\x1b[0m greet.sh greets\n" in stack.wait_for_log(job_named(run, "test")["id"]).decode()
    assert {job["name"] for job in run["jobs"]} == {"lint", "test"}


def test_the_python_project_passes_in_an_image_of_its_own(project, stack, debian_python):
    assert debian_python == "docker.io/library/python:3.11-slim-bookworm"
    run = project.run(_files(EXAMPLES / "python-project"), seconds_max=200)
    assert run["state"] == "succeeded", stack.wait_for_log(run["preparation"]["id"]).decode()
    assert "1 passed" in stack.wait_for_log(run["jobs"][0]["id"]).decode()


def test_the_integrator_hears_of_every_job_that_ends(project, stack):
    user = stack.cli("bus", "user", "add", "watch", "--json")
    environment = json.loads(user)
    watcher = subprocess.Popen(
        [sys.executable, EXAMPLES / "integrator" / "watch.py"],
        env=os.environ
        | {
            "NATS_URL": environment["url"],
            "NATS_USER": environment["name"],
            "NATS_SEED_FILE": environment["seed_file"],
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert watcher.stdout
        assert watcher.stdout.readline() == "listening\n"
        project.run({".tisktask/push/job": program("#!/bin/sh\nexit 4\n")})
        lines = [watcher.stdout.readline() for _ in range(2)]
        assert f"{project.full_name} job failed 4\n" in lines
    finally:
        watcher.terminate()
        watcher.communicate()


def test_this_repository_runs_its_own_jobs_through_the_command(stack):
    top = EXAMPLES.parent
    if not (top / ".git").exists():
        pytest.skip("not a git checkout: there is no HEAD to run")
    stack.cli("trigger", "push", "--path", top)
    run = wait_for(
        lambda: next((r for r in stack.api("/runs")["items"] if r["repository"].startswith("local/")), None),
        30,
        stack.log_tail,
    )
    run = stack.wait_for_run(run["repository"], run["sha"])
    assert run["state"] == "succeeded"
