"""Pure decisions: what the states of its jobs make of a run, and what becomes of a job that a host has lost."""

from collections.abc import Iterable
from dataclasses import dataclass

from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState

#: The first of them that counts is what all of them together come to.
_WORST_FIRST = (
    JobState.FAILED,
    JobState.ERRORED,
    JobState.TIMED_OUT,
    JobState.CANCELLED,
)


@dataclass(frozen=True)
class Part:
    """A program of a run, as far as it decides about it."""

    state: JobState
    may_fail: bool = False


def fold_run(preparation: JobState, programs: Iterable[Part], stop: RunState | None = None) -> RunState | None:
    """Tell the final state that the jobs' states make of their run; None: it is not over yet.

    An order to stop the run counts like one more job that ended so: who gave it has been told that it holds.
    """
    if preparation not in JOB_ENDS:
        return None
    if preparation is not JobState.SUCCEEDED:
        return RunState(preparation)
    parts = set(programs)
    if not parts:
        return RunState.SKIPPED
    if not {part.state for part in parts} <= JOB_ENDS:
        return None
    counting = {part.state for part in parts if not part.may_fail}
    return RunState(worst(counting | {JobState(stop)} if stop else counting))


def conclude(own: JobState, attached: Iterable[JobState]) -> JobState:
    """Tell what a job that has ended comes to with those that it has started, as far as they count."""
    found = worst(attached)
    return own if found is JobState.SUCCEEDED else worst({own, found})


def worst(ends: Iterable[JobState]) -> JobState:
    """Tell what several ends come to."""
    states = set(ends)
    return next((state for state in _WORST_FIRST if state in states), JobState.SUCCEEDED)


def takes_children_along(state: JobState) -> bool:
    """Tell whether a job that ends so, or is to end so, takes those with it that it has started.

    One that ends by itself leaves them at work, also when its host is lost: their results may still be wanted.
    """
    return state in {JobState.CANCELLED, JobState.TIMED_OUT}


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
    #: Attempts that the program has asked for: all others but the first follow losses before it began.
    retries_used: int = 0


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

    A preparation has none: it may be done again at any time. What the program itself asks for comes on top.
    """
    if lost.stop is not None:
        return Consequence.StopAsOrdered(lost.stop)
    has_effects = lost.has_begun and lost.kind is JobKind.PROGRAM
    if has_effects or lost.attempt - lost.retries_used > retries_max:
        return Consequence.GiveUp(has_effects)
    return Consequence.TryAgain()
