"""Header comments: a program that asks to be tried again is, each attempt with a log; mistakes are told at once."""

import pytest

from git_server import program
from stack import job_named

pytestmark = pytest.mark.timeout(120)

#: It succeeds at its third attempt.
MOODY = """#!/bin/sh
# tisktask: retries=2 on=75 timeout=1m
echo "this is attempt $TISKTASK_ATTEMPT"
[ "$TISKTASK_ATTEMPT" = 3 ] || exit 75
"""


@pytest.mark.usefixtures("nothing_left")
def test_a_program_that_fails_twice_and_then_succeeds_has_three_logs_side_by_side(project, stack):
    run = project.run({".tisktask/push/moody": program(MOODY)})
    assert run["state"] == "succeeded"
    job = stack.api(f"/jobs/{job_named(run, 'moody')['id']}")
    assert [(one["attempt"], one["state"], one["exit_code"]) for one in job["attempts"]] == [
        (1, "failed", 75),
        (2, "failed", 75),
        (3, "succeeded", 0),
    ]
    for attempt in (1, 2, 3):
        said = f"this is attempt {attempt}\n"
        assert stack.wait_for_log(job["id"]).decode() == "this is attempt 3\n"
        assert stack.raw(f"/jobs/{job['id']}/log?attempt={attempt}").decode() == said
        assert stack.cli("logs", job["id"], "--attempt", str(attempt)) == said
    shown = stack.cli("job", "show", job["id"])
    assert "up to 2 more attempts after exit code 75" in shown
    assert [line.split()[:4] for line in shown.splitlines() if " of 3 " in line] == [
        ["1", "of", "3", "failed"],
        ["2", "of", "3", "failed"],
        ["3", "of", "3", "succeeded"],
    ]
    assert job["retries"] | {"next_not_before": None} == {
        "retries": 2, "on_lost": False, "on_codes": [75], "used": 2, "next_not_before": None,
    }  # fmt: skip
    assert project.statuses(run["sha"], "tisktask/push/moody")[-1] == "success"
    assert "failure" not in project.statuses(run["sha"], "tisktask/push/moody")


def test_mistakes_in_header_comments_fail_the_run_all_together(project):
    run = project.run(
        {
            ".tisktask/push/one": program("#!/bin/sh\n# tisktask: retrys=2\n"),
            ".tisktask/push/two": program("#!/usr/bin/env node\n\n// tisktask: timeout=soon\n"),
            ".tisktask/push/three": program("#!/bin/sh\necho fine\n"),
        }
    )
    assert (run["state"], run["jobs"]) == ("failed", [])
    assert ".tisktask/push/one:2: retrys is no setting: did you mean retries?" in run["reason"]
    assert ".tisktask/push/two:3: timeout=soon is not a time" in run["reason"]


def test_programs_that_jobs_start_are_read_as_well(project, stack):
    parent = """#!/bin/sh
tisktask-cmd EXECJOB tools/wrong && exit 1
tisktask-cmd EXECJOB tools/moody
"""
    moody = "#!/bin/sh\n# tisktask: retries=1 on=3\n[ $TISKTASK_ATTEMPT = 2 ] || exit 3\n"
    run = project.run(
        {
            ".tisktask/push/parent": program(parent),
            ".tisktask/tools/wrong": program("#!/bin/sh\n# tisktask: on=always\n"),
            ".tisktask/tools/moody": program(moody),
        }
    )
    assert run["state"] == "succeeded"
    log = stack.wait_for_log(job_named(run, "parent")["id"]).decode()
    assert ".tisktask/tools/wrong:2: on=always is neither lost nor an exit code from 1 to 255" in log
    assert (job_named(run, "moody")["state"], job_named(run, "moody")["attempt"]) == ("succeeded", 2)
