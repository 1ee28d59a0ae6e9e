"""Which ends are followed by another attempt, and when."""

import pytest

from tisktask_common.lifecycle import JOB_ENDS, JobState
from tisktask_orchestrator.retry_rules import is_tried_again, pause_seconds
from tisktask_orchestrator.store.jobs import Ending
from tisktask_orchestrator.store.retries import RetryRow


def policy(retries: int = 2, *codes: int, on_lost: bool = False, used: int = 0) -> RetryRow:
    return RetryRow(retries, on_lost, list(codes), used)


LOST = Ending(JobState.ERRORED, lost_reason="silent")


@pytest.mark.parametrize(
    ("asked", "ending", "is_wanted"),
    [
        (policy(), Ending(JobState.FAILED, exit_code=1), True),
        (policy(), Ending(JobState.FAILED, "no image"), True),
        (policy(), LOST, False),
        (policy(0), Ending(JobState.FAILED, exit_code=1), False),
        (policy(2, used=1), Ending(JobState.FAILED, exit_code=1), True),
        (policy(2, used=2), Ending(JobState.FAILED, exit_code=1), False),
        (policy(2, 75), Ending(JobState.FAILED, exit_code=75), True),
        (policy(2, 75), Ending(JobState.FAILED, exit_code=1), False),
        (policy(2, 137), Ending(JobState.FAILED, signal=9), True),
        (policy(2, on_lost=True), LOST, True),
        (policy(2, on_lost=True), Ending(JobState.FAILED, exit_code=1), False),
        (policy(2, 75, on_lost=True), Ending(JobState.FAILED, exit_code=75), True),
    ],
)
def test_a_program_is_tried_again_after_the_ends_that_it_names(
    asked: RetryRow, ending: Ending, is_wanted: bool
) -> None:
    assert is_tried_again(asked, ending, has_begun=True) is is_wanted


@pytest.mark.parametrize("state", sorted(JOB_ENDS - {JobState.FAILED, JobState.ERRORED}))
def test_nothing_else_is_tried_again(state: JobState) -> None:
    assert not is_tried_again(policy(on_lost=True), Ending(state), has_begun=True)
    assert not is_tried_again(policy(), Ending(state), has_begun=True)


def test_a_loss_before_the_program_began_is_not_the_programs_to_count() -> None:
    assert not is_tried_again(policy(on_lost=True), LOST, has_begun=False)


def test_pauses_grow() -> None:
    assert [pause_seconds(used, 5) for used in range(4)] == [5, 20, 60, 60]
