"""Pure decisions: what the states of its jobs make of a run, and what becomes of a job that a host has lost."""

from collections.abc import Iterable
from dataclasses import dataclass

from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState

#: The first of them that any job ended in is the run's.
_WORST_FIRST = (
    (JobState.FAILED, RunState.FAILED),
    (JobState.ERRORED, RunState.ERRORED),
    (JobState.TIMED_OUT, RunState.TIMED_OUT),
    (JobState.CANCELLED, RunState.CANCELLED),
)


def fold_run(preparation: JobState, programs: Iterable[JobState]) -> RunState | None:
    """Tell the final state that the jobs' states make of their run; None: it is not over yet."""
    if preparation not in JOB_ENDS:
        return None
    if preparation is not JobState.SUCCEEDED:
        return RunState(preparation)
    states = set(programs)
    if not states:
        return RunState.SKIPPED
    if not states <= JOB_ENDS:
        return None
    return next((run for job, run in _WORST_FIRST if job in states), RunState.SUCCEEDED)


def end_of_stopped(reported: JobState, stop: JobState | None) -> JobState:
    """Tell how a job ends that was ordered to stop: as ordered, unless it had succeeded before.

    A program that is told to stop ends by a signal or with an exit code of its own: that is no failure.
    """
    return reported if stop is None or reported is JobState.SUCCEEDED else stop


@dataclass(frozen=True)
class LostAttempt:
    """What counts when an attempt's lease is over."""

    kind: JobKind
    has_begun: bool
    attempt: int
    stop: JobState | None


class Consequence:
    """What becomes of a job whose attempt was lost."""

    @dataclass(frozen=True)
    class TryAgain:
        """It is queued for a new attempt."""

    @dataclass(frozen=True)
    class StopAsOrdered:
        """It was to be stopped anyway."""

        state: JobState

    @dataclass(frozen=True)
    class GiveUp:
        """It ends as errored."""

        has_begun: bool


def after_loss(
    lost: LostAttempt, retries_max: int
) -> Consequence.TryAgain | Consequence.StopAsOrdered | Consequence.GiveUp:
    """Decide by the policy: never silently again after the program began, for programs have side effects.

    A preparation has none: it may be done again at any time. Attempts grow only by losses, so their number
    counts them.
    """
    if lost.stop is not None:
        return Consequence.StopAsOrdered(lost.stop)
    has_effects = lost.has_begun and lost.kind is JobKind.PROGRAM
    if has_effects or lost.attempt > retries_max:
        return Consequence.GiveUp(has_effects)
    return Consequence.TryAgain()
