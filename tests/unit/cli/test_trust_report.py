"""A run that waits for approval on a terminal: why, and what to do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tisktask_cli.run_report import print_run

NOW = datetime.now(UTC).isoformat()


def make_run(run_state: str = "awaiting_approval", *, pull_request: int | None = 12, **trust: Any) -> dict[str, Any]:
    vetted = {
        "is_restricted": True,
        "why": "It comes from a fork.",
        "state": "waiting",
        "programs": ["build", "test"],
        "programs_tree": "5f" * 20,
        "changes_programs": None,
        "held_at": NOW,
        "decided_by": "",
        "decided_at": None,
        "note": "",
    }
    return {
        "id": "run_1", "repository": "acme/shop", "number": 7, "state": run_state, "event": "pull_request",
        "sha": "ab" * 20, "reason": "Waits for approval.", "title": "Better", "actor": "eve",
        "pull_request": pull_request, "preparation": None, "jobs": [], "trust": vetted | trust,
    }  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], run: dict[str, Any]) -> str:
    print_run(run)
    return capsys.readouterr().out


def test_a_run_that_waits_says_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, make_run(note="@eve wrote /ok-to-test, but may not write."))
    for words in (
        "nothing of it has run",
        "why     It comes from a fork.",
        "by      eve (pull request #12)",
        f"commit  {'ab' * 20}",
        "jobs    build, test",
        "take it that it does",
        "tisktask run approve run_1 ",
        "tisktask run decline run_1 ",
        "note: @eve wrote /ok-to-test",
    ):
        assert words in text
    # Said once.
    assert "Waits for approval." not in text


@pytest.mark.parametrize(("changes", "words"), [(True, "it changes .tisktask/"), (False, "it does not change")])
def test_it_says_whether_the_programs_are_changed(
    capsys: pytest.CaptureFixture[str], changes: bool, words: str
) -> None:
    assert words in printed(capsys, make_run(changes_programs=changes))


def test_many_programs_are_cut_and_what_strangers_wrote_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(programs=[f"\x1b[2Jjob-{number}" for number in range(25)], why="\x1b]0;x", pull_request=None)
    text = printed(capsys, run | {"actor": ""})
    assert "\x1b" not in text
    assert "job-19 and 5 more" in text
    assert "by      not known\n" in text


def test_who_has_approved_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, make_run("succeeded", state="approved", decided_by="ada", decided_at=NOW))
    assert "restricted, approved by ada" in text
    assert "run approve" not in text
    assert "Waits for approval." in text


def test_a_run_that_was_not_vetted_says_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    trusted = make_run("succeeded", is_restricted=False, state="not_needed")
    assert "fork" not in printed(capsys, trusted)
    assert "fork" not in printed(capsys, trusted | {"trust": None})
    del trusted["trust"]
    assert "fork" not in printed(capsys, trusted)
