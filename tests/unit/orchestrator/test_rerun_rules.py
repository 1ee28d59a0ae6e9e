"""What of an ended run is run again."""

from typing import Any

import pytest

from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunMode
from tisktask_orchestrator.rerunning.rules import Rerun, outcome, plan_rerun
from tisktask_orchestrator.store.reruns import RootRow


def root(name: str, state: str = "succeeded", below: tuple[str, ...] = (), **fields: Any) -> RootRow:
    shown = {"kind": "program", "exit_code": 0, "signal": None, "out_of_memory": False, "origin_number": 1}
    key = JobId(name)
    return RootRow(
        **{"id": key, "origin_id": key, "name": name, "state": state, "states_below": list(below)} | shown | fields
    )


PREPARED = root("prepare", kind="prepare")


@pytest.mark.parametrize(
    ("state", "below", "comes_to"),
    [
        ("succeeded", (), JobState.SUCCEEDED),
        ("succeeded", ("succeeded", "failed"), JobState.FAILED),
        ("cancelled", ("succeeded",), JobState.CANCELLED),
        ("skipped", (), JobState.SKIPPED),
        ("errored", ("timed_out",), JobState.ERRORED),
    ],
)
def test_a_job_stands_for_all_that_has_come_of_it(state: str, below: tuple[str, ...], comes_to: JobState) -> None:
    assert outcome(root("build", state, below)) == comes_to


def test_what_has_not_come_to_a_good_end_is_run_again() -> None:
    roots = [PREPARED, *(root(state, state) for state in JobState if state not in {"queued", "starting", "running"})]
    plan = plan_rerun(roots, RerunMode.FAILED, None)
    assert plan == Rerun.Part(frozenset(map(JobId, ("failed", "errored", "cancelled", "timed_out"))))


def test_all_and_what_was_never_prepared_is_prepared_again() -> None:
    assert plan_rerun([PREPARED, root("build", "failed")], RerunMode.ALL, None) == Rerun.Whole()
    unprepared = [root("prepare", "failed", kind="prepare")]
    assert plan_rerun(unprepared, RerunMode.FAILED, None) == Rerun.Whole()
    assert plan_rerun([PREPARED], RerunMode.FAILED, None) == Rerun.Whole()
    assert plan_rerun([PREPARED, root("build")], RerunMode.FAILED, PREPARED.id) == Rerun.Whole()


def test_one_job_is_run_again_even_if_it_has_succeeded() -> None:
    roots = [PREPARED, root("build"), root("lint", "failed")]
    assert plan_rerun(roots, RerunMode.FAILED, JobId("build")) == Rerun.Part(frozenset({JobId("build")}))


def test_there_may_be_nothing_to_run_again() -> None:
    assert plan_rerun([PREPARED, root("build"), root("lint", "skipped")], RerunMode.FAILED, None) == Rerun.Nothing()
