"""What the states of its jobs make of a run, and what becomes of a lost attempt."""

from itertools import combinations_with_replacement, product

import pytest

from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, RUN_MOVES, JobKind, JobState, RunState
from tisktask_orchestrator.fold import Consequence, LostAttempt, after_loss, end_of_stopped, fold_run

ENDS = sorted(JOB_ENDS)
UNFINISHED = sorted(set(JobState) - JOB_ENDS)


@pytest.mark.parametrize("preparation", UNFINISHED)
@pytest.mark.parametrize("programs", [[], [JobState.SUCCEEDED], [JobState.FAILED]])
def test_a_run_is_not_over_before_its_preparation(preparation: JobState, programs: list[JobState]) -> None:
    assert fold_run(preparation, programs) is None


@pytest.mark.parametrize("preparation", [state for state in ENDS if state is not JobState.SUCCEEDED])
def test_a_preparation_that_did_not_succeed_decides_the_run(preparation: JobState) -> None:
    assert fold_run(preparation, []) == RunState(preparation.value)


def test_a_run_without_programs_is_skipped() -> None:
    assert fold_run(JobState.SUCCEEDED, []) is RunState.SKIPPED


def test_every_set_of_states_has_one_meaning() -> None:
    for count in (1, 2, 3, 4):
        for programs in combinations_with_replacement(JobState, count):
            assert fold_run(JobState.SUCCEEDED, programs) is meaning(set(programs)), programs


def meaning(programs: set[JobState]) -> RunState | None:
    if programs - JOB_ENDS:
        return None
    for bad in ("failed", "errored", "timed_out", "cancelled"):
        if bad in programs:
            return RunState(bad)
    return RunState.SUCCEEDED


def test_a_folded_state_is_one_that_a_running_run_may_move_to() -> None:
    for count in (1, 2, 3):
        for programs in combinations_with_replacement(ENDS, count):
            assert fold_run(JobState.SUCCEEDED, programs) in RUN_MOVES[RunState.RUNNING] & RUN_ENDS


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
