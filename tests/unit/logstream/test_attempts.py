"""The attempts of a job as its page lists them."""

from datetime import timedelta
from typing import Any

import pytest

from logstream_runs import AT, make_job, make_run
from tisktask_common.lifecycle import JobState
from tisktask_logstream import words
from tisktask_logstream.rows import AttemptRecord, RetriesRecord
from tisktask_logstream.run_view import JobInRun, newest_begun
from tisktask_logstream.web.attempts import attempt_rows, policy_of


def attempt(number: int, state: str = "failed", **values: Any) -> AttemptRecord:
    return AttemptRecord.model_validate(
        {"attempt": number, "state": state, "runner": "local", "started_at": AT} | values
    )


def retries(count: int = 2, used: int = 0, **values: Any) -> RetriesRecord:
    return RetriesRecord.model_validate({"retries": count, "on_lost": False, "on_codes": [], "used": used} | values)


def job(number: int, state: str, *attempts: AttemptRecord, policy: RetriesRecord | None = None) -> JobInRun:
    made = make_job(
        attempt=number, state=JobState(state), reason="Attempt 1 of 3 failed; the next follows after a pause of 5 s."
    )
    return JobInRun(make_run(made), made, None, attempts=list(attempts), retries=policy)


def test_one_attempt_of_a_job_that_is_not_tried_again_is_not_listed() -> None:
    assert attempt_rows(job(1, "failed", attempt(1))) == []


def test_the_attempt_that_waits_is_listed_with_the_time_when_it_begins() -> None:
    due = AT + timedelta(seconds=5)
    found = job(2, "queued", attempt(1, reason="Exit 75."), policy=retries(used=1, next_not_before=due))
    first, second = attempt_rows(found)
    assert (first.label, first.state, first.remark) == ("Attempt 1 of 3", "failed", "Exit 75. Attempt 2 follows.")
    assert (second.label, second.state, second.made, second.begins_at) == ("Attempt 2 of 3", "queued", None, due)
    assert newest_begun(found.job) == 1


def test_attempts_that_were_lost_before_they_began_are_not_counted_as_retries() -> None:
    found = job(2, "running", attempt(1, "errored", started_at=None), attempt(2, "running"), policy=retries())
    assert [row.label for row in attempt_rows(found)] == ["Attempt 1 of 4", "Attempt 2 of 4"]
    assert attempt_rows(found)[0].remark == "Lost before its program began: attempt 2 follows."
    without = job(2, "running", attempt(1, "errored"), attempt(2, "running"))
    assert [row.label for row in attempt_rows(without)] == ["Attempt 1", "Attempt 2"]
    assert attempt_rows(without)[0].remark == "Lost: attempt 2 follows."


def test_the_last_attempt_says_its_own_reason_alone() -> None:
    found = job(2, "failed", attempt(1), attempt(2, reason="It said no."), policy=retries(1, used=1))
    assert [row.remark for row in attempt_rows(found)] == ["Attempt 2 follows.", "It said no."]
    assert newest_begun(found.job) == 2


@pytest.mark.parametrize(
    ("count", "codes", "on_lost", "said"),
    [
        (1, [], False, "Up to 1 more attempt after any failure."),
        (2, [75], False, "Up to 2 more attempts after exit code 75."),
        (2, [75, 76], True, "Up to 2 more attempts after exit codes 75, 76 or if its host is lost."),
        (3, [], True, "Up to 3 more attempts if its host is lost."),
    ],
)
def test_the_policy_is_said_in_a_sentence(count: int, codes: list[int], on_lost: bool, said: str) -> None:
    assert words.retry_policy(count, codes, on_lost=on_lost) == said
    assert policy_of(job(1, "running", policy=retries(count, on_codes=codes, on_lost=on_lost))) == said
    assert policy_of(job(1, "running")) == ""
