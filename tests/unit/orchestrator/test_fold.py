"""What the states of its jobs make of a run, and what becomes of a lost attempt."""

from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, RUN_MOVES, JobKind, JobState, RunState
from tisktask_orchestrator.fold import (
    Consequence,
    LostAttempt,
    Part,
    after_loss,
    conclude,
    end_of_stopped,
    fold_run,
    worst,
)

ENDS = sorted(JOB_ENDS)
UNFINISHED = sorted(set(JobState) - JOB_ENDS)


PARTS = st.builds(Part, st.sampled_from(JobState), st.booleans())
ENDED_PARTS = st.builds(Part, st.sampled_from(ENDS), st.booleans())
STOPS = st.sampled_from([None, RunState.CANCELLED, RunState.TIMED_OUT, RunState.FAILED])


def parts(*states: JobState) -> list[Part]:
    return [Part(state) for state in states]


@pytest.mark.parametrize("preparation", UNFINISHED)
@pytest.mark.parametrize("programs", [[], parts(JobState.SUCCEEDED), parts(JobState.FAILED)])
def test_a_run_is_not_over_before_its_preparation(preparation: JobState, programs: list[Part]) -> None:
    assert fold_run(preparation, programs) is None


@pytest.mark.parametrize("preparation", [state for state in ENDS if state is not JobState.SUCCEEDED])
def test_a_preparation_that_did_not_succeed_decides_the_run(preparation: JobState) -> None:
    assert fold_run(preparation, []) == RunState(preparation.value)


def test_a_run_without_programs_is_skipped() -> None:
    assert fold_run(JobState.SUCCEEDED, []) is RunState.SKIPPED


def test_every_set_of_states_has_one_meaning() -> None:
    for count in (1, 2, 3, 4):
        for states in combinations_with_replacement(JobState, count):
            assert fold_run(JobState.SUCCEEDED, parts(*states)) is meaning(set(states)), states


def meaning(programs: set[JobState]) -> RunState | None:
    if programs - JOB_ENDS:
        return None
    for bad in ("failed", "errored", "timed_out", "cancelled"):
        if bad in programs:
            return RunState(bad)
    return RunState.SUCCEEDED


@given(st.lists(PARTS, min_size=1), STOPS)
def test_a_run_goes_on_until_all_its_jobs_have_ended(programs: list[Part], stop: RunState | None) -> None:
    is_over = all(part.state in JOB_ENDS for part in programs)
    assert (fold_run(JobState.SUCCEEDED, programs, stop) is not None) == is_over


@given(st.lists(ENDED_PARTS, min_size=1), STOPS)
def test_a_job_that_may_fail_changes_nothing_by_its_end(programs: list[Part], stop: RunState | None) -> None:
    state = fold_run(JobState.SUCCEEDED, programs, stop)
    counting = [part for part in programs if not part.may_fail]
    assert state is fold_run(JobState.SUCCEEDED, [*counting, Part(JobState.SUCCEEDED)], stop)


@given(st.lists(ENDED_PARTS, min_size=1), STOPS)
def test_a_folded_state_is_one_that_a_running_run_may_move_to(programs: list[Part], stop: RunState | None) -> None:
    assert fold_run(JobState.SUCCEEDED, programs, stop) in RUN_MOVES[RunState.RUNNING] & RUN_ENDS


@given(st.lists(ENDED_PARTS, min_size=1), STOPS)
def test_an_order_to_stop_counts_like_a_job_that_ended_so(programs: list[Part], stop: RunState | None) -> None:
    more = parts(JobState(stop)) if stop else []
    assert fold_run(JobState.SUCCEEDED, programs, stop) is fold_run(JobState.SUCCEEDED, [*programs, *more])


@given(st.sampled_from(ENDS), st.lists(st.sampled_from(ENDS)))
def test_a_job_is_as_good_as_the_worst_of_what_belongs_to_it(own: JobState, attached: list[JobState]) -> None:
    result = conclude(own, attached)
    if worst(attached) is JobState.SUCCEEDED:
        assert result is own
    else:
        assert result is worst([own, *attached])
    assert conclude(result, attached) is result


@given(st.sampled_from(ENDS), st.lists(st.lists(st.sampled_from(ENDS), min_size=1), min_size=1))
def test_it_does_not_matter_how_deep_a_family_is(own: JobState, families: list[list[JobState]]) -> None:
    nested = [conclude(head, rest) for head, *rest in families]
    flat = [state for family in families for state in family]
    assert worst([conclude(own, nested)]) is worst([conclude(own, flat)])


@pytest.mark.parametrize(("reported", "stop"), list(product(ENDS, [None, JobState.CANCELLED, JobState.TIMED_OUT])))
def test_a_stopped_job_ends_as_ordered_unless_it_succeeded(reported: JobState, stop: JobState | None) -> None:
    ended = end_of_stopped(reported, stop)
    assert ended is (reported if stop is None or reported is JobState.SUCCEEDED else stop)


def lost(
    kind: JobKind = JobKind.PROGRAM, has_begun: bool = False, attempt: int = 1, stop: JobState | None = None
) -> LostAttempt:
    return LostAttempt(kind, has_begun, attempt, stop)


def test_a_job_lost_before_it_began_is_tried_once_more() -> None:
    assert after_loss(lost(), 1) == Consequence.TryAgain()
    assert after_loss(lost(attempt=2), 1) == Consequence.GiveUp(has_begun=False)


def test_a_program_that_began_is_never_started_again() -> None:
    assert after_loss(lost(has_begun=True), 5) == Consequence.GiveUp(has_begun=True)


def test_a_preparation_may_be_done_again_although_it_began() -> None:
    assert after_loss(lost(JobKind.PREPARE, has_begun=True), 1) == Consequence.TryAgain()
    assert after_loss(lost(JobKind.PREPARE, has_begun=True, attempt=2), 1) == Consequence.GiveUp(has_begun=False)


@pytest.mark.parametrize("stop", [JobState.CANCELLED, JobState.TIMED_OUT])
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_lost_job_that_was_to_stop_ends_as_ordered(stop: JobState, has_begun: bool) -> None:
    assert after_loss(lost(has_begun=has_begun, stop=stop), 5) == Consequence.StopAsOrdered(stop)


def test_without_retries_a_lost_job_is_given_up_at_once() -> None:
    assert after_loss(lost(), 0) == Consequence.GiveUp(has_begun=False)
