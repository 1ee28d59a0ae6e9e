"""Ends that nobody's program chose: cancelled by a person, and out of time."""

import pytest

from git_server import program
from stack import job_named, wait_for

pytestmark = pytest.mark.timeout(180)

STUBBORN = "#!/bin/sh\ntrap 'echo asked to end; exit 1' TERM\necho begun\nwhile :; do sleep 0.1; done\n"


def _started(project, sha, count):
    def look():
        runs = project.stack.runs(project.full_name, sha)
        jobs = runs[0]["jobs"] if runs else []
        return runs[0] if sum(job["state"] == "running" for job in jobs) == count else None

    return wait_for(look, 60, project.stack.log_tail)


@pytest.mark.usefixtures("nothing_left")
def test_a_cancelled_run_ends_all_its_jobs(project, stack):
    sha = project.push({".tisktask/push/one": program(STUBBORN), ".tisktask/push/two": program(STUBBORN)})
    run = _started(project, sha, 2)
    stack.cli("run", "cancel", run["id"])
    run = stack.wait_for_run(project.full_name, sha)
    assert run["state"] == "cancelled"
    assert {job["state"] for job in run["jobs"]} == {"cancelled"}
    assert b"asked to end\n" in stack.wait_for_log(run["jobs"][0]["id"])
    wait_for(lambda: project.statuses(sha, "tisktask/push") == ["pending", "error"], 20, stack.log_tail)


@pytest.mark.usefixtures("nothing_left")
def test_a_cancelled_job_leaves_the_others_alone(project, stack):
    sha = project.push(
        {".tisktask/push/long": program(STUBBORN), ".tisktask/push/short": program("#!/bin/sh\nsleep 3\n")}
    )
    run = _started(project, sha, 2)
    stack.cli("job", "cancel", job_named(run, "long")["id"])
    run = stack.wait_for_run(project.full_name, sha)
    assert job_named(run, "long")["state"] == "cancelled"
    assert job_named(run, "short")["state"] == "succeeded"
    assert run["state"] == "cancelled"
