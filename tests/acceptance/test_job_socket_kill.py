"""The runner dies in the middle of a command: clients find the same path again, and nothing is done twice."""

from typing import Any

import pytest

from git_server import plain, program
from redis_image import redis_cli_tar
from runner_kill import kill_runners
from stack import job_named, wait_for
from stack_fixtures import import_image

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("nothing_left")]

REDIS_CLI = "docker.io/library/redis-cli:test"
#: redis-cli gives up when its connection breaks, so the program asks again: with the same key, or the same id.
PATIENT = """#!/bin/sh
ask() { until redis-cli -e -s "$TISKTASK_SOCKET_PATH" "$@" 2>> trouble; do sleep 0.1; done; }
"""


@pytest.fixture(scope="module", autouse=True)
def redis_cli(storage):
    import_image(storage, redis_cli_tar(), REDIS_CLI)


def wait_for_jobs(project, stack, sha: str, names: set[str]) -> dict[str, dict[str, Any]]:
    """Wait until all of these jobs run."""

    def running() -> dict[str, dict[str, Any]] | None:
        found = next(iter(stack.runs(project.full_name, sha)), None)
        jobs = {job["name"]: job for job in found["jobs"]} if found else {}
        return jobs if all(jobs.get(name, {}).get("state") == "running" for name in names) else None

    return wait_for(running, 60, stack.log_tail)


def test_executing_goes_on_after_the_runner_was_killed(project, stack):
    parent = f"{PATIENT}ask EXECJOB KEY once others/child\ntest -s trouble && echo asked again\n"
    child = "#!/bin/sh\necho begin\nuntil [ -e /workspace/go ]; do sleep 0.05; done\nexit 7\n"
    sha = project.push(
        {
            ".tisktask/push/Containerfile": plain(f"FROM {REDIS_CLI}\n"),
            ".tisktask/push/parent": program(parent),
            ".tisktask/others/child": program(child),
        }
    )
    jobs = wait_for_jobs(project, stack, sha, {"parent", "child"})
    kill_runners(stack)
    wait_for(lambda: "attempt_adopted" in stack.log_tail(), 30, stack.log_tail)
    (stack.data / "runner" / "jobs" / f"{jobs['child']['id']}.1" / "workspace" / "go").touch()
    run = stack.wait_for_run(project.full_name, sha)
    assert stack.wait_for_log(jobs["parent"]["id"]) == b"7\nasked again\n"
    assert stack.wait_for_log(jobs["child"]["id"]) == b"begin\n"
    # Nothing ran twice.
    assert sorted(job["name"] for job in run["jobs"]) == ["child", "parent"]
    assert {job["attempt"] for job in run["jobs"]} == {1}


def test_popping_goes_on_after_the_runner_was_killed(project, stack):
    popper = f"{PATIENT}ask BLPOP queue 60\ntest -s trouble && echo asked again\nask LLEN queue\n"
    pusher = f"{PATIENT}until [ -e /workspace/go ]; do sleep 0.05; done\nask RPUSH queue a b\n"
    sha = project.push(
        {
            ".tisktask/push/Containerfile": plain(f"FROM {REDIS_CLI}\n"),
            ".tisktask/push/popper": program(popper),
            ".tisktask/push/pusher": program(pusher),
        }
    )
    jobs = wait_for_jobs(project, stack, sha, {"popper", "pusher"})
    kill_runners(stack)
    wait_for(lambda: "attempt_adopted" in stack.log_tail(), 30, stack.log_tail)
    (stack.data / "runner" / "jobs" / f"{jobs['pusher']['id']}.1" / "workspace" / "go").touch()
    run = stack.wait_for_run(project.full_name, sha)
    assert run["state"] == "succeeded"
    assert stack.wait_for_log(job_named(run, "popper")["id"]) == b"queue\na\nasked again\n1\n"
