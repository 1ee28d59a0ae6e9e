"""A run on a terminal: its jobs as a tree, and what they remarked."""

from typing import Any

import pytest

from tisktask_cli.run_report import as_tree, print_run


def make_job(name: str, parent: str | None = None, **values: Any) -> dict[str, Any]:
    shown = {"state": "succeeded", "exit_code": 0, "started_at": None, "finished_at": None, "reason": ""}
    return {"id": name, "name": name, "parent_job_id": parent, **shown, **values}


def make_run(*jobs: dict[str, Any], **values: Any) -> dict[str, Any]:
    shown = {"repository": "acme/shop", "number": 7, "state": "failed", "event": "push", "sha": "ab" * 20}
    return {**shown, "preparation": None, "jobs": list(jobs), **values}


def test_children_follow_their_parent_in_the_order_of_their_creation() -> None:
    jobs = [make_job("a"), make_job("b"), make_job("a1", "a"), make_job("a2", "a"), make_job("a11", "a1")]
    assert [(depth, job["id"]) for depth, job in as_tree([*jobs, make_job("stray", "gone")])] == [
        (0, "a"),
        (1, "a1"),
        (2, "a11"),
        (1, "a2"),
        (0, "b"),
        (0, "stray"),
    ]


def test_a_chain_of_any_length_is_printed() -> None:
    jobs = [make_job("0"), *(make_job(str(number), str(number - 1)) for number in range(1, 3000))]
    assert as_tree(jobs)[-1][0] == 2999


def test_a_run_is_printed_with_what_its_jobs_say(capsys: pytest.CaptureFixture[str]) -> None:
    build = make_job("build", title="Build", result="failed")
    lint = make_job("lint", "build", state="failed", exit_code=2, may_fail=True, is_detached=True)
    train = make_job("train", "build", state="queued", exit_code=None, labels=["gpu"])
    note = {"job_id": "lint", "level": "error", "file": "a.py", "line": 3, "text": "bad \x1b[2J\nline"}
    print_run(make_run(build, lint, train, annotations=[note], annotations_total=5, title="\x1b]0;x"))
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    lines = printed.splitlines()
    (name_at,) = {line.index("Build") for line in lines if "with its jobs: failed" in line}
    (child,) = (line for line in lines if "may fail; detached" in line)
    assert child.index("lint", name_at) == name_at + 2
    assert any("waits for a runner with gpu" in line for line in lines)
    assert lines[-5:-1] == ["annotations", "  error  a.py:3  (lint)", "    bad ?[2J", "    line"]
    assert lines[-1] == "  [and 4 more, which the server leaves out]"


def test_an_answer_of_an_older_server_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    job = make_job("build")
    del job["parent_job_id"]
    print_run(make_run(job))
    assert "build" in capsys.readouterr().out
