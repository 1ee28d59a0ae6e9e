"""What each event asks to be shown."""

import typing

import pytest

from reporter_events import RunStory
from tisktask_common.events import AnyEvent, JobEvent, RunEvent
from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, JobKind, JobState, RunState
from tisktask_reporter.fold import TYPES, desired_status
from tisktask_reporter.status import StatusState

URL = "https://ci.example.com"


def test_all_events_of_runs_and_jobs_are_known_but_those_without_a_state() -> None:
    union = typing.get_args(typing.get_args(AnyEvent)[0])
    about_runs = {kind.model_fields["type"].default for kind in union if issubclass(kind, RunEvent)}
    assert about_runs - TYPES == {"image.built", "job.annotated", "run.deleted"}
    assert about_runs >= TYPES


@pytest.mark.parametrize("state", sorted(set(RunState) - RUN_ENDS))
def test_a_run_that_has_not_ended_is_pending(state: RunState) -> None:
    desired = desired_status(RunStory().created(state), URL)
    assert desired
    assert desired.shown.state is StatusState.PENDING
    assert ("approval" in desired.shown.description) == (state is RunState.AWAITING_APPROVAL)


@pytest.mark.parametrize("end", sorted(RUN_ENDS))
def test_the_end_of_a_run_is_shown(end: RunState) -> None:
    desired = desired_status(RunStory().finished(end), URL)
    assert desired
    assert desired.shown.state is not StatusState.PENDING
    assert (desired.shown.state is StatusState.SUCCESS) == (end is RunState.SUCCEEDED)


@pytest.mark.parametrize("end", sorted(JOB_ENDS))
def test_the_end_of_a_job_is_shown(end: JobState) -> None:
    desired = desired_status(RunStory().job_finished("build", end), URL)
    assert desired
    assert desired.shown.state is not StatusState.PENDING
    assert (desired.shown.state is StatusState.SUCCESS) == (end is JobState.SUCCEEDED)


def test_a_run_that_waits_for_approval_says_so_and_goes_on_when_it_has_it() -> None:
    story = RunStory(event="pull_request", action="opened")
    held, approved = (desired_status(one, URL) for one in (story.held(["build"]), story.approved()))
    assert held
    assert approved
    assert (held.shown.state, held.shown.description) == (StatusState.PENDING, "waits for approval")
    assert (approved.shown.state, approved.shown.description) == (StatusState.PENDING, "queued or running")
    assert held.revision < approved.revision


def test_a_run_that_was_not_approved_is_no_success() -> None:
    """What is skipped counts as good where checks are required."""
    refused = RunStory().finished(RunState.SKIPPED, reason="Declined by ada: no.", is_refused=True)
    desired = desired_status(refused, URL)
    assert desired
    assert (desired.shown.state, desired.conclusion) == (StatusState.ERROR, "action_required")
    assert desired.shown.description == "not run: Declined by ada: no."


def test_a_job_that_gets_another_attempt_is_pending_again() -> None:
    story = RunStory()
    for event in (story.job_created("a"), story.job_claimed("a"), story.job_started("a"), story.job_queued("a", 2)):
        desired = desired_status(event, URL)
        assert desired
        assert desired.shown.state is StatusState.PENDING
        assert desired.key.context == "tisktask/push/a"


def test_a_job_without_a_status_of_its_own_asks_for_nothing() -> None:
    events = RunStory().child("worker", JobState.FAILED, may_fail=True)
    assert [desired_status(event, URL) for event in events] == [None] * 3
    shown = desired_status(RunStory().child("worker", JobState.FAILED, has_status=True)[-1], URL)
    assert shown
    assert (shown.key.context, shown.shown.state) == ("tisktask/push/worker", StatusState.FAILURE)


def test_a_job_whose_children_are_at_work_is_pending_until_they_have_ended() -> None:
    story = RunStory()
    ended = desired_status(story.job_finished("all", JobState.SUCCEEDED, is_concluded=False), URL)
    concluded = desired_status(story.job_concluded("all", JobState.SUCCEEDED, JobState.FAILED), URL)
    assert ended
    assert concluded
    assert (ended.shown.state, concluded.shown.state) == (StatusState.PENDING, StatusState.FAILURE)


@pytest.mark.parametrize("end", sorted(JOB_ENDS))
def test_what_a_job_says_is_shown_while_it_is_at_work(end: JobState) -> None:
    story = RunStory()
    said = desired_status(story.job_says("build", "halfway"), URL)
    assert said
    assert (said.shown.state, said.shown.description) == (StatusState.PENDING, "halfway")
    assert desired_status(story.job_says("build", "halfway", end), URL) is None


def test_the_order_and_the_link_are_those_of_the_run() -> None:
    story = RunStory(number=7)
    first, second = story.created(), story.started()
    assert isinstance(second, RunEvent)
    assert not isinstance(second, JobEvent)
    desired = desired_status(second, URL)
    assert desired
    assert (desired.run_number, desired.revision) == (7, first.revision + 1)
    assert desired.shown.target_url == f"{URL}/runs/{story.run_id}"


@pytest.mark.parametrize(
    "event",
    [
        RunStory(forge="local").created(),
        RunStory(sha="0" * 40).created(),
        RunStory(sha="../../../../user").created(),
        RunStory(sha="").created(),
        RunStory().job_created("prepare", JobKind.PREPARE),
    ],
)
def test_some_events_ask_for_nothing(event: RunEvent) -> None:
    assert desired_status(event, URL) is None


def test_long_hashes_are_commits_too() -> None:
    assert desired_status(RunStory(sha="ab" * 32).created(), URL)


class TestWhatBringsNoCommit:
    """A label, a comment, a review, a release: the forge does not wait for a result."""

    STORIES = (("pull_request", "labeled"), ("issue_comment", "retest"), ("release", "published"), ("delete", "branch"))

    @pytest.mark.parametrize(("event", "action"), STORIES)
    def test_nothing_is_shown_where_there_is_no_program_for_it(self, event: str, action: str) -> None:
        story = RunStory(event=event, action=action)
        for one in (story.created(RunState.PREPARING), story.prepared([]), story.finished(RunState.SKIPPED)):
            assert desired_status(one, URL) is None

    @pytest.mark.parametrize(("event", "action"), STORIES)
    def test_nothing_is_shown_while_it_waits_for_approval_or_when_nobody_gave_it(self, event: str, action: str) -> None:
        story = RunStory(event=event, action=action)
        for one in (story.held(["x"]), story.approved(), story.finished(RunState.SKIPPED, is_refused=True)):
            assert desired_status(one, URL) is None

    @pytest.mark.parametrize(("event", "action"), STORIES)
    def test_its_run_never_speaks_for_the_checks_of_the_commit(self, event: str, action: str) -> None:
        story = RunStory(event=event, action=action)
        ends = [story.finished(RunState.FAILED), story.finished(RunState.SKIPPED, jobs_by_state={JobState.SKIPPED: 1})]
        for one in (story.prepared(["x"]), story.started(), *ends):
            desired = desired_status(one, URL)
            assert desired
            assert desired.key.context == f"tisktask/{event}/{action}"

    @pytest.mark.parametrize("action", ["opened", "synchronize", "reopened"])
    def test_what_brings_a_commit_always_has_a_final_status(self, action: str) -> None:
        story = RunStory(event="pull_request", action=action)
        shown = [desired_status(one, URL) for one in (story.created(), story.finished(RunState.SKIPPED))]
        assert [one and (one.key.context, one.shown.state) for one in shown] == [
            ("tisktask/pull_request", StatusState.PENDING),
            ("tisktask/pull_request", StatusState.SKIPPED),
        ]
