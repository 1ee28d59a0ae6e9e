"""What `tisktask retention show` prints."""

import pytest

from tisktask_cli.retention_report import print_retention

REPORT = {
    "repositories": [
        {
            "repository_id": "repo_1", "full_name": "octo/demo", "is_removed": False,
            "keep_days": 90, "keep_min": 20, "keep_max": 500, "old": 7, "too_many": 2,
            "needed": {"states_not_delivered": 3}, "not_asked": 1,
            "kept": {"young": 40, "at_work": 1, "newest_of_branch": 2},
        },
        {
            "repository_id": "repo_2", "full_name": "octo/gone", "is_removed": True,
            "keep_days": 0, "keep_min": 0, "keep_max": 0, "old": 0, "too_many": 0,
            "needed": {}, "not_asked": 0, "kept": {},
        },
    ],
    "left_out": 3, "old_triggers": 5, "keep_trigger_days": 365, "keep_branch_days": 365,
    "logs": {
        "keep_days": 30, "bytes_max": 2_000_000, "stored_bytes": 5_500_000, "old_jobs": 4, "old_bytes": 1_000_000,
        "bytes_above_max": 2_500_000,
    },
}  # fmt: skip


def test_it_says_what_goes_what_is_needed_and_what_all_else_is_kept_for(capsys: pytest.CaptureFixture[str]) -> None:
    print_retention(REPORT)
    head, demo, gone, *rest = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0].lower() == "repository"
    for words in (
        "octo/demo",
        "90 days, 20 at least, 500 at most",
        "3: the forge does not show their states; 1: not asked",
        "1 at work, 40 not old yet, 2 newest of a branch",
    ):
        assert words in demo
    assert "octo/gone (removed)" in gone
    assert "for ever, 0 at least" in gone
    logs = "Logs are kept 30 days, 2.0 MB at most; they take 5.5 MB."
    assert rest == [
        "and 3 more repositories: ask for one with --repository",
        "Triggers older than 365 days without a run: 5 go.",
        f"{logs} Those of 4 jobs go by age (1.0 MB), 2.5 MB more for room.",
        "Not counted: statuses, streams, and the images and mirrors of runner hosts. They go by rules of their own.",
    ]
