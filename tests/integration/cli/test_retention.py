"""`tisktask retention show` against a real stack."""

import json

from stack import Stack


def test_a_dry_run_is_printed_and_given_as_json(shared_stack: Stack) -> None:
    report = json.loads(shared_stack.cli("retention", "show", "--json"))
    assert set(report) == {
        *("repositories", "left_out", "old_triggers", "keep_trigger_days", "keep_branch_days", "logs")
    }
    assert report["logs"]["old_jobs"] == 0
    assert "Triggers older than 365 days without a run: 0 go." in shared_stack.cli("retention", "show")


def test_a_repository_that_is_not_there_is_a_mistake(shared_stack: Stack) -> None:
    assert shared_stack.cli("retention", "show", "--repository", "octo/none", code=2) == ""
