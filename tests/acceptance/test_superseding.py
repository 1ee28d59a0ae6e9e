"""A push makes the run of the one before it superfluous, if the repository is set so."""

import pytest

from git_server import program
from stack import wait_for

pytestmark = pytest.mark.timeout(180)

LONG = program("#!/bin/sh\ntrap 'echo asked to end; exit 1' TERM\necho begun\nwhile :; do sleep 0.1; done\n")
SHORT = program("#!/bin/sh\necho done\n")


@pytest.mark.usefixtures("nothing_left")
def test_a_push_cancels_the_run_of_the_one_before_it(project, stack):
    stack.cli("repo", "set", project.full_name, "--supersede-branches", "on")
    older = project.push({".tisktask/push/build": LONG})

    def is_at_work():
        runs = stack.runs(project.full_name, older)
        return runs and [job["state"] for job in runs[0]["jobs"]] == ["running"]

    wait_for(is_at_work, 60, stack.log_tail)
    newer = project.push({".tisktask/push/build": SHORT})
    ended = stack.wait_for_run(project.full_name, newer)
    assert ended["state"] == "succeeded"
    superseded = stack.wait_for_run(project.full_name, older)
    assert (superseded["state"], superseded["reason"]) == ("cancelled", f"Superseded by run #{ended['number']}.")
    assert b"asked to end\n" in stack.wait_for_log(superseded["jobs"][0]["id"])
    wait_for(lambda: project.statuses(older, "tisktask/push") == ["pending", "error"], 20, stack.log_tail)
    wait_for(lambda: project.statuses(newer, "tisktask/push")[-1:] == ["success"], 20, stack.log_tail)
