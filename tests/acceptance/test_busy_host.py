"""A job that takes all that it can get does not keep its runner from speaking: its lease is never near its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaos.evidence import connect
from git_server import program
from project import Project
from redis_server import RawRedis
from stack import Stack, job_named, wait_for

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("nothing_left")]

LINES = 1_000_000
COMMANDS, AT_ONCE = 10_000, 100
#: More processes than it may have processors, lines as fast as they can be written, and a socket that is asked all the time.
GREEDY = f"""#!/bin/sh
for n in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done
seq {LINES}
until [ -e go ]; do sleep 0.1; done
"""


def test_a_greedy_job_does_not_starve_the_heartbeat(project: Project, stack: Stack) -> None:
    sha = project.push({".tisktask/push/greedy": program(GREEDY)})
    job = wait_for(lambda: _greedy(project, stack, sha), 60, stack.log_tail)
    folder = stack.data / "runner" / "jobs" / f"{job['id']}.1"
    with _let_go(folder / "workspace" / "go"), _watching_lease(stack) as seconds_left:
        client = RawRedis(folder / "ipc" / "command.sock")
        for number in range(0, COMMANDS, AT_ONCE):
            replies = client.ask(*([b"SET", b"key%d" % (number + n), b"x"] for n in range(AT_ONCE)))
            assert set(replies) == {b"+OK\r\n"}
        client.close()
        wait_for(lambda: _line_count(stack, job["id"]) >= LINES, 150, stack.log_tail)
    run = stack.wait_for_run(project.full_name, sha)
    print(f"\nof its lease the job had {min(seconds_left):.1f} s left at least ({len(seconds_left)} looks)")
    assert (run["state"], job_named(run, "greedy")["attempt"]) == ("succeeded", 1)
    assert min(seconds_left) > 0
    assert stack.wait_for_log(job["id"]) == b"".join(b"%d\n" % number for number in range(1, LINES + 1))


@contextmanager
def _let_go(file: Path) -> Iterator[None]:
    """End the job, also when the test fails: it would take the host from all tests behind this one."""
    try:
        yield
    finally:
        file.touch()


def _greedy(project: Project, stack: Stack, sha: str) -> dict[str, Any] | None:
    """Find the job, when its program runs."""
    runs = stack.runs(project.full_name, sha)
    jobs = [job for run in runs for job in run["jobs"] if job["name"] == "greedy"]
    return next((job for job in jobs if job["state"] == "running"), None)


def _line_count(stack: Stack, job: str) -> int:
    return stack.api(f"/jobs/{job}/log?from_line=1&lines=1")["total"]


@contextmanager
def _watching_lease(stack: Stack) -> Iterator[list[float]]:
    """Collect how long the leases of attempts at work still last, look by look."""
    left: list[float] = []
    over = threading.Event()

    def watch() -> None:
        statement = (
            "SELECT extract(epoch FROM min(lease_until) - now())::float FROM orchestrator.attempts"
            " WHERE finished_at IS NULL"
        )
        with connect(stack) as connection:
            while not over.wait(0.1):
                row = connection.execute(statement).fetchone()
                if row and row[0] is not None:
                    left.append(row[0])

    thread = threading.Thread(target=watch, name="lease")
    thread.start()
    try:
        yield left
    finally:
        over.set()
        thread.join()
