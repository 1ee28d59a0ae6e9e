"""What the descriptions say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporter_events import RunStory
from tisktask_common.lifecycle import JobState, RunState
from tisktask_reporter.words import (
    describe_job_at_work,
    describe_job_conclusion,
    describe_job_end,
    describe_run_end,
    duration,
    fit,
    is_control,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (-1, "0.0 s"), (2.14, "2.1 s"), (9.94, "9.9 s"), (9.97, "10 s"), (41.2, "41 s"), (59.6, "1 min 0 s"),
     (185, "3 min 5 s"), (3599.7, "1 h 0 min"), (3840, "1 h 4 min"), (90000, "25 h 0 min")],
)  # fmt: skip
def test_time_spans_are_written_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("state", "more", "text"),
    [
        (RunState.SUCCEEDED, {"jobs_by_state": {JobState.SUCCEEDED: 4}}, "4 of 4 jobs passed in 41 s"),
        (RunState.SUCCEEDED, {"jobs_by_state": {JobState.SUCCEEDED: 1}}, "1 of 1 job passed in 41 s"),
        (RunState.SUCCEEDED, {}, "passed in 41 s"),
        (
            RunState.FAILED,
            {"jobs_by_state": {JobState.SUCCEEDED: 3, JobState.FAILED: 1}},
            "3 of 4 jobs passed in 41 s",
        ),
        (
            RunState.SUCCEEDED,
            {"jobs_by_state": {JobState.SUCCEEDED: 2, JobState.SKIPPED: 1}},
            "2 of 2 jobs passed in 41 s, 1 skipped",
        ),
        (RunState.FAILED, {"reason": "no such base image"}, "failed after 41 s: no such base image"),
        (RunState.ERRORED, {"reason": "host lost"}, "could not be completed, ended after 41 s: host lost"),
        (RunState.CANCELLED, {"reason": "by ada"}, "cancelled after 41 s: by ada"),
        (RunState.CANCELLED, {}, "cancelled after 41 s"),
        (RunState.TIMED_OUT, {}, "timed out after 41 s"),
        (RunState.SKIPPED, {}, "skipped: no job for this event"),
        (RunState.SKIPPED, {"reason": "draft"}, "skipped: draft"),
    ],
)
def test_the_end_of_a_run_is_told(state: RunState, more: dict[str, object], text: str) -> None:
    assert describe_run_end(RunStory().finished(state, **more)) == text


@pytest.mark.parametrize(
    ("state", "more", "text"),
    [
        (JobState.SUCCEEDED, {"exit_code": 0}, "passed in 2.1 s"),
        (JobState.FAILED, {"exit_code": 3}, "failed with exit code 3 after 2.1 s"),
        (JobState.FAILED, {"exit_code": 137, "signal": 9}, "ended by signal 9 (SIGKILL) after 2.1 s"),
        (JobState.FAILED, {"signal": 99}, "ended by signal 99 after 2.1 s"),
        (JobState.FAILED, {"signal": 9, "out_of_memory": True}, "ran out of memory after 2.1 s"),
        (JobState.FAILED, {"reason": "no image", "seconds": None}, "failed: no image"),
        (JobState.ERRORED, {"reason": "disk full"}, "could not be run to its end after 2.1 s: disk full"),
        (JobState.CANCELLED, {"seconds": None}, "cancelled before it began"),
        (JobState.CANCELLED, {}, "cancelled after 2.1 s"),
        (JobState.TIMED_OUT, {}, "timed out after 2.1 s"),
        (JobState.SKIPPED, {"seconds": None}, "skipped"),
    ],
)
def test_the_end_of_a_job_is_told(state: JobState, more: dict[str, object], text: str) -> None:
    assert describe_job_end(RunStory().job_finished("build", state, **more)) == text


@pytest.mark.parametrize(
    ("text", "title", "shown"),
    [
        ("measuring", "", "measuring"),
        ("measuring", "Coverage", "Coverage: measuring"),
        ("", "Coverage", "Coverage: queued or running"),
        (" ", " ", "queued or running"),
        ("50\x1b[1m %\r\nof\u202e all", "", "50 [1m % of all"),
        ("x" * 200, "", "x" * 139 + "…"),
    ],
)
def test_what_a_job_says_is_one_line_that_fits(text: str, title: str, shown: str) -> None:
    assert describe_job_at_work(RunStory().job_says("build", text, title=title)) == shown


def test_a_title_stays_when_the_job_has_said_nothing_new() -> None:
    assert describe_job_at_work(RunStory().job_started("build", title="Coverage")) == "Coverage: queued or running"


def test_why_a_job_waits_once_more_is_told() -> None:
    reason = "Attempt 1 of 3 failed with exit code 75; the next follows after a pause of 5 s."
    shown = describe_job_at_work(RunStory().job_queued("build", 2, reason))
    assert shown == "attempt 1 of 3 failed with exit code 75; the next follows after a pause of 5 s"


def test_what_a_result_waits_for_is_told_also_behind_a_long_reason() -> None:
    story = RunStory()
    short = story.job_finished("build", JobState.SUCCEEDED, is_concluded=False)
    long = story.job_finished("build", JobState.ERRORED, is_concluded=False, reason="no " * 100)
    waits = "; waits for the jobs that it has started"
    assert describe_job_end(short) == f"passed in 2.1 s{waits}"
    assert describe_job_end(long).endswith(f"…{waits}")
    assert len(describe_job_end(long)) <= 140


@pytest.mark.parametrize(
    ("own", "result", "reason", "text"),
    [
        (JobState.SUCCEEDED, JobState.SUCCEEDED, "", "passed; the jobs that it has started have ended"),
        (
            JobState.CANCELLED,
            JobState.CANCELLED,
            "by ada",
            "cancelled: by ada; the jobs that it has started have ended",
        ),
        (
            JobState.SUCCEEDED,
            JobState.FAILED,
            "Jobs that it has started failed: lint, test.",
            "passed; jobs that it has started failed: lint, test",
        ),
        (JobState.FAILED, JobState.ERRORED, "", "failed; jobs that it has started: could not be run to their end"),
    ],
)
def test_what_a_job_comes_to_with_its_children_is_told(own: JobState, result: JobState, reason: str, text: str) -> None:
    assert describe_job_conclusion(RunStory().job_concluded("build", own, result, reason=reason)) == text


@given(st.text(max_size=400), st.sampled_from(JobState), st.sampled_from(JobState))
def test_whatever_is_said_of_jobs_is_one_line_that_github_takes(text: str, own: JobState, result: JobState) -> None:
    story = RunStory()
    for said in (
        describe_job_at_work(story.job_says("build", text, title=text)),
        describe_job_end(story.job_finished("build", own, reason=text, is_concluded=False)),
        describe_job_conclusion(story.job_concluded("build", own, result, reason=text)),
    ):
        assert 0 < len(said) <= 140
        assert not any(map(is_control, said))


@given(st.text(max_size=400), st.sampled_from(RunState))
def test_whatever_the_reason_a_description_is_one_line_that_github_takes(reason: str, state: RunState) -> None:
    text = describe_run_end(RunStory().finished(state, reason=reason))
    assert 0 < len(text) <= 140
    assert not any(map(is_control, text))
    text.encode()


def test_a_text_that_is_too_long_ends_in_dots() -> None:
    assert fit("a" * 10, 10) == "a" * 10
    assert fit("a" * 11, 10) == "a" * 9 + "…"
    assert fit("one\n\ttwo\u202e \x00three", 50) == "one two three"
