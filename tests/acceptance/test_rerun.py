"""A run that has failed is run again, in part and whole: with real pods, logs and statuses."""

import pytest

from git_server import program
from project import Project
from stack import Stack, job_named, wait_for

pytestmark = pytest.mark.timeout(180)

BUILD = "#!/bin/sh\necho built in $HOSTNAME\n"
LINT = "#!/bin/sh\necho linted\nexit 3\n"


@pytest.mark.usefixtures("nothing_left")
def test_only_what_failed_runs_again_and_the_rest_shows_where_it_ran(project: Project, stack: Stack) -> None:
    first = project.run({".tisktask/push/build": program(BUILD), ".tisktask/push/lint": program(LINT)})
    assert first["state"] == "failed"
    built = job_named(first, "build")
    log = stack.wait_for_log(built["id"])
    made = stack.cli("run", "rerun", first["id"], "--failed")
    assert "(#2)" in made
    run_id = made.split()[1]
    wait_for(lambda: stack.api(f"/runs/{run_id}")["state"] == "failed", 60, stack.log_tail)
    second = stack.api(f"/runs/{run_id}")
    kept, again = job_named(second, "build"), job_named(second, "lint")
    assert (kept["state"], kept["carried_from"], kept["reason"]) == (
        "succeeded", built["id"], "Carried over from run #1.",
    )  # fmt: skip
    assert stack.wait_for_log(kept["id"]) == log
    assert (again["exit_code"], again["carried_from"]) == (3, None)
    assert stack.wait_for_log(again["id"]) == b"linted\n"
    assert stack.api(f"/runs/{first['id']}")["reruns"] == [{"run_id": run_id, "number": 2}]
    sha = first["sha"]
    ends = ["pending", "failure", "pending", "failure"]
    wait_for(lambda: project.statuses(sha, "tisktask/push") == ends, 20, stack.log_tail)
    wait_for(lambda: project.statuses(sha, "tisktask/push/build")[-1] == "success", 20, stack.log_tail)


@pytest.mark.usefixtures("nothing_left")
def test_one_job_is_run_again_alone_and_then_all_of_it(project: Project, stack: Stack) -> None:
    first = project.run({".tisktask/push/build": program(BUILD), ".tisktask/push/lint": program(LINT)})
    made = stack.cli("job", "rerun", job_named(first, "build")["id"])
    run_id = made.split()[1]
    wait_for(lambda: stack.api(f"/runs/{run_id}")["state"] == "failed", 60, stack.log_tail)
    second = stack.api(f"/runs/{run_id}")
    assert job_named(second, "build")["carried_from"] is None
    assert job_named(second, "build")["state"] == "succeeded"
    assert job_named(second, "lint")["carried_from"] == job_named(first, "lint")["id"]
    whole = stack.cli("run", "rerun", run_id).split()[1]
    wait_for(lambda: stack.api(f"/runs/{whole}")["state"] == "failed", 60, stack.log_tail)
    third = stack.api(f"/runs/{whole}")
    assert (third["rerun_of"], third["number"], third["preparation"]["carried_from"]) == (run_id, 3, None)
    assert [job["carried_from"] for job in third["jobs"]] == [None, None]
