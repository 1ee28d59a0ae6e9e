"""How long a program runs on after a person has cancelled it, against `podman kill`."""

import json
import os
import statistics
import subprocess
import time
import urllib.request
from datetime import datetime
from uuid import uuid4

import pytest

from git_server import plain, program
from stack import wait_for

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

ROUNDS = 10
SCRIPT = "trap 'echo asked to end; exit 0' TERM\necho begun\nsleep 300 & wait\n"


def _ours(project, stack, number: int) -> float:
    """Return the seconds from the request to the line that the program writes when it gets SIGTERM."""
    sha = project.push({".tisktask/push/job": program(f"#!/bin/sh\n{SCRIPT}"), "number": plain(str(number))})

    def begun() -> str | None:
        runs = stack.runs(project.full_name, sha)
        jobs = runs[0]["jobs"] if runs else []
        is_begun = jobs and stack.raw(f"/jobs/{jobs[0]['id']}/log") == b"begun\n"
        return jobs[0]["id"] if is_begun else None

    job = wait_for(begun, 60, stack.log_tail)
    request = urllib.request.Request(
        f"{stack.url}/api/v1/jobs/{job}/cancel", method="POST", headers={"Authorization": f"Bearer {stack.token}"}
    )
    began = time.time()
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert json.load(reply)["accepted"]
    stack.wait_for_log(job)
    lines = stack.api(f"/jobs/{job}/log?from_line=1")["lines"]
    stack.wait_for_run(project.full_name, sha)
    return next(line["t"] for line in lines if line["text"] == "asked to end") / 1000 - began


def _floor(environment: dict[str, str], image: str) -> float:
    """The same of `podman kill`."""
    name = f"floor-{uuid4().hex[:10]}"

    def podman(*arguments: str) -> str:
        command = ["podman", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return done.stdout

    podman("run", "-d", "--log-driver", "k8s-file", "--name", name, image, "sh", "-c", SCRIPT)
    try:
        wait_for(lambda: "begun" in podman("logs", name), 30, lambda: podman("ps", "-a"))
        began = time.time()
        podman("kill", "--signal", "TERM", name)
        podman("wait", name)
        last = podman("logs", "--timestamps", name).splitlines()[-1]
    finally:
        podman("rm", "-f", "-t", "0", name)
    stamp, said = last.split(" ", 1)
    assert said == "asked to end"
    return datetime.fromisoformat(stamp).timestamp() - began


def test_from_the_request_to_the_programs_sigterm(project, stack, storage, busybox):
    environment = storage.environment(os.environ)
    _floor(environment, busybox), _ours(project, stack, -1)
    pairs = [(_floor(environment, busybox), _ours(project, stack, number)) for number in range(ROUNDS)]
    floors, ours = zip(*pairs, strict=True)
    print(
        f"\ncancel to SIGTERM: podman kill median {statistics.median(floors) * 1000:.0f} ms, "
        f"ours median {statistics.median(ours) * 1000:.0f} ms (min {min(ours) * 1000:.0f}, max {max(ours) * 1000:.0f}), "
        f"ratio {statistics.median(ours) / statistics.median(floors):.2f}"
    )
