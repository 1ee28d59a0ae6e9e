"""What of an ended run is run again, and what is carried over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.orders import RerunMode
from tisktask_orchestrator.fold import conclude
from tisktask_orchestrator.store.reruns import RootRow

_GOOD = {JobState.SUCCEEDED, JobState.SKIPPED}


class Rerun:
    """What a new run does of an older one."""

    @dataclass(frozen=True)
    class Whole:
        """All of it, the preparation first."""

    @dataclass(frozen=True)
    class Part:
        """These discovered jobs; the others, and the preparation, are carried over."""

        again: frozenset[JobId]

    @dataclass(frozen=True)
    class Nothing:
        """There is nothing to run again."""


def plan_rerun(
    roots: Sequence[RootRow], mode: RerunMode, only: JobId | None
) -> Rerun.Whole | Rerun.Part | Rerun.Nothing:
    """Decide what is run again: one discovered job, those that have not come to a good end, or all.

    Without discovered jobs there is nothing to carry over: then the preparation is run again, and with it all.
    """
    programs = [root for root in roots if root.kind == JobKind.PROGRAM]
    is_prepared = any(root.kind == JobKind.PREPARE and root.state == JobState.SUCCEEDED for root in roots)
    if not is_prepared or not programs:
        return Rerun.Whole()
    if only is not None:
        is_program = any(root.id == only for root in programs)
        return Rerun.Part(frozenset({only})) if is_program else Rerun.Whole()
    if mode is RerunMode.ALL:
        return Rerun.Whole()
    bad = frozenset(root.id for root in programs if outcome(root) not in _GOOD)
    return Rerun.Part(bad) if bad else Rerun.Nothing()


def outcome(root: RootRow) -> JobState:
    """Tell what a discovered job has come to with all that it has started, also what was detached.

    None of that is in the new run, where this job alone stands for it.
    """
    return conclude(JobState(root.state), [JobState(state) for state in root.states_below])
