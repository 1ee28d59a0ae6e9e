"""Which changes make an older one superfluous."""

from typing import Any

import pytest

from tisktask_common.events import Change
from tisktask_orchestrator.lines import line_of


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"event": "push", "branch": "main"}, "branch/main"),
        ({"event": "push", "branch": "feature/x"}, "branch/feature/x"),
        ({"event": "tag", "tag": "v1"}, None),
        ({"event": "push", "branch": "main", "tag": "v1"}, None),
        ({"event": "release", "branch": "main"}, None),
        ({"event": "pull_request", "action": "opened", "pull_request": 7, "branch": "x"}, "pull_request/7"),
        ({"event": "pull_request", "action": "synchronize", "pull_request": 7}, "pull_request/7"),
        ({"event": "pull_request", "action": "reopened", "pull_request": 7}, "pull_request/7"),
        # They are about the commit that is there already, and late ones bring back an older one.
        ({"event": "pull_request", "action": "labeled", "pull_request": 7}, None),
        ({"event": "pull_request", "action": "closed", "pull_request": 7}, None),
        ({"event": "pull_request", "action": "opened"}, None),
    ],
)
def test_commits_of_a_branch_or_a_pull_request_are_a_line(fields: dict[str, Any], line: str | None) -> None:
    assert line_of(Change(sha="a" * 40, ref="refs/heads/main", **fields)) == line
