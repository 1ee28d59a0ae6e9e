"""The states and the only moves between them."""

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.lifecycle import (
    JOB_ENDS,
    JOB_MOVES,
    RUN_ENDS,
    RUN_MOVES,
    JobState,
    RunState,
    job_states_before,
    run_states_before,
)

S = TypeVar("S")


def test_every_state_has_its_moves() -> None:
    assert set(RUN_MOVES) == set(RunState)
    assert set(JOB_MOVES) == set(JobState)


@pytest.mark.parametrize("end", sorted(RUN_ENDS))
def test_a_run_leaves_no_final_state(end: RunState) -> None:
    assert RUN_MOVES[end] == frozenset()


@pytest.mark.parametrize("end", sorted(JOB_ENDS))
def test_a_job_leaves_no_final_state(end: JobState) -> None:
    assert JOB_MOVES[end] == frozenset()


@pytest.mark.parametrize("target", RunState)
def test_the_states_before_a_runs_state_are_those_with_a_move_to_it(target: RunState) -> None:
    assert set(run_states_before(target)) == {state for state in RunState if target in RUN_MOVES[state]}


@pytest.mark.parametrize("target", JobState)
def test_the_states_before_a_jobs_state_are_those_with_a_move_to_it(target: JobState) -> None:
    assert set(job_states_before(target)) == {state for state in JobState if target in JOB_MOVES[state]}


@pytest.mark.parametrize("state", RunState)
def test_from_every_state_a_run_can_reach_an_end(state: RunState) -> None:
    assert _reachable(state, RUN_MOVES) & RUN_ENDS


@pytest.mark.parametrize("state", JobState)
def test_from_every_state_a_job_can_reach_an_end(state: JobState) -> None:
    assert _reachable(state, JOB_MOVES) & JOB_ENDS


def test_only_a_lost_attempt_goes_back_to_the_queue() -> None:
    assert set(job_states_before(JobState.QUEUED)) == {JobState.STARTING, JobState.RUNNING}


@given(st.lists(st.sampled_from(JobState), max_size=30))
def test_guarded_moves_never_leave_an_end_whatever_is_asked(wanted: list[JobState]) -> None:
    state, end = JobState.QUEUED, None
    for target in wanted:
        if state in job_states_before(target):
            state = target
        end = end or (state if state in JOB_ENDS else None)
    assert end is None or state is end


@given(st.lists(st.sampled_from(RunState), max_size=30))
def test_guarded_moves_of_a_run_never_leave_an_end_whatever_is_asked(wanted: list[RunState]) -> None:
    state, end = RunState.STAGED, None
    for target in wanted:
        if state in run_states_before(target):
            state = target
        end = end or (state if state in RUN_ENDS else None)
    assert end is None or state is end


def _reachable(start: S, moves: dict[S, frozenset[S]]) -> set[S]:
    found, ahead = {start}, [start]
    while ahead:
        new = moves[ahead.pop()] - found
        found |= new
        ahead.extend(new)
    return found
