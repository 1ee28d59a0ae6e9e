"""Sentences that users read."""

import pytest

from tisktask_orchestrator import words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.jobs_ended(["lint"], 1, 1, "failed"), "1 of 1 job failed: lint."),
        (words.jobs_ended(["lint", "test"], 2, 5, "failed"), "2 of 5 jobs failed: lint, test."),
        (words.jobs_ended(["lint"], 1, 2, "cancelled"), "1 of 2 jobs was cancelled: lint."),
        (words.jobs_ended(["a", "b"], 2, 2, "cancelled"), "2 of 2 jobs were cancelled: a, b."),
        (
            words.jobs_ended([f"j{n}" for n in range(11)], 12, 12, "timed_out"),
            "12 of 12 jobs took too long: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9 and 2 more.",
        ),
        (words.no_programs("push", None), "There is no executable file in .tisktask/push/ at this commit."),
        (
            words.no_programs("pull_request", "opened"),
            "There is no executable file in .tisktask/pull_request/ or .tisktask/pull_request/opened/ at this commit.",
        ),
        (
            words.no_programs("pull_request", "closed"),
            "There is no executable file in .tisktask/pull_request/closed/ at this commit.",
        ),
        (words.job_took_too_long(3600), "The job took longer than 1 hour, its limit."),
        (words.run_took_too_long(14400), "The run took longer than 4 hours, its limit."),
        (words.job_took_too_long(120), "The job took longer than 2 minutes, its limit."),
        (words.job_took_too_long(0.5), "The job took longer than 0.5 seconds, its limit."),
        (words.cancelled_by("ada"), "Cancelled by ada."),
        (words.cancelled_by(""), "Cancelled."),
        (words.children_ended(["lint"], "failed"), "A job that it has started failed: lint."),
        (words.children_ended(["a", "b"], "cancelled"), "Jobs that it has started were cancelled: a, b."),
        (
            words.children_ended([f"j{n}" for n in range(11)], "timed_out"),
            "Jobs that it has started took too long: j0, j1, j2, j3, j4, j5, j6, j7, j8, j9 and more.",
        ),
        (
            words.run_ended_by_job("build", "failed", "coverage is low"),
            "The job build has failed the run: coverage is low.",
        ),
        (words.run_ended_by_job("build", "cancelled", ""), "The job build has cancelled the run."),
        (words.cancelled_with("build", "Cancelled by ada."), "Cancelled with the job build: Cancelled by ada."),
    ],
)
def test_sentences_read_well(said: str, expected: str) -> None:
    assert said == expected
