"""Jobs that wait for jobs on a host that is full of them, and jobs that ask for a host with labels."""

import pytest

from git_server import plain, program
from stack import job_named, wait_for

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("nothing_left")]


def test_a_host_full_of_waiting_parents_runs_their_children(project, stack, busybox):
    """Four slots, six parents, each of them waits for a child that waits for a grandchild with a label."""
    parent = program("#!/bin/sh\nexec tisktask-cmd EXECJOB child\n")
    run = project.run(
        {
            ".tisktask/push/Containerfile": plain(f"FROM {busybox}\n"),
            **{f".tisktask/push/parent{number}": parent for number in range(6)},
            ".tisktask/child": program("#!/bin/sh\nexec tisktask-cmd EXECJOB LABEL gpu grandchild\n"),
            ".tisktask/grandchild": program("#!/bin/sh\ntrue\n"),
        },
        120,
    )
    assert run["state"] == "succeeded", run
    assert [job["state"] for job in run["jobs"]] == ["succeeded"] * 18


def test_a_repository_that_may_have_one_job_at_once_runs_children_of_waiting_parents(project, stack, busybox):
    stack.cli("repo", "set", project.full_name, "--jobs-max", "1")
    parent = program("#!/bin/sh\nexec tisktask-cmd EXECJOB child\n")
    run = project.run(
        {
            ".tisktask/push/Containerfile": plain(f"FROM {busybox}\n"),
            **{f".tisktask/push/parent{number}": parent for number in range(2)},
            ".tisktask/child": program("#!/bin/sh\nexec tisktask-cmd EXECJOB grandchild\n"),
            ".tisktask/grandchild": program("#!/bin/sh\ntrue\n"),
        },
        120,
    )
    assert run["state"] == "succeeded", run
    assert [job["state"] for job in run["jobs"]] == ["succeeded"] * 6


def test_a_job_says_what_labels_it_waits_for(project, stack, busybox):
    sha = project.push(
        {
            ".tisktask/push/Containerfile": plain(f"FROM {busybox}\n"),
            ".tisktask/push/parent": program("#!/bin/sh\ntisktask-cmd EXECJOB LABEL gpu LABEL moon child; true\n"),
            ".tisktask/child": program("#!/bin/sh\ntrue\n"),
        }
    )

    def child():
        jobs = [job for run in stack.runs(project.full_name, sha) for job in run["jobs"]]
        return next((job for job in jobs if job["name"] == "child"), None)

    job = wait_for(child, 60, stack.log_tail)
    assert (job["state"], job["labels"]) == ("queued", ["gpu", "moon"])
    assert "waits for a runner with the labels gpu, moon" in stack.cli("job", "show", job["id"])
    assert "big gpu" in stack.cli("runner", "list")
    stack.cli("job", "cancel", job["id"])
    run = stack.wait_for_run(project.full_name, sha)
    assert job_named(run, "parent")["state"] == "succeeded"
