"""The checks find what they are there for."""

from collections import Counter
from dataclasses import replace

import pytest

from chaos.check import violations
from chaos.evidence import AttemptRow, Evidence, JobRow, RunRow
from chaos.load import Pushed
from chaos.programs import RECIPES
from chaos.schedule import Blow, Part
from chaos.victims import Struck
from forge import Flavour
from forge.webhooks import Delivery

DELIVERY = Delivery(Flavour.FORGEJO, "push", {}, "secret", "delivery-1")
PUSHED = Pushed("sha", ("short",), DELIVERY, cancels_run=False, accepted=2)
RUN = RunRow("run", "sha", "delivery-1", "succeeded", "", 1)
PREPARATION = JobRow("prep", "run", "prepare", "prepare", "succeeded", "", None, 1, None, None, 100.0, 1)
JOB = JobRow("job", "run", "program", "short", "succeeded", "", 0, 1, "succeeded", None, 100.0, 1)
LOST = replace(JOB, state="errored", result="errored", exit_code=None, reason="The runner x went silent.")
ATTEMPTS = [AttemptRow(name, 1, "succeeded", "", True, 100.0) for name in ("prep", "job")]
GOOD = Evidence(
    [RUN],
    [PREPARATION, JOB],
    ATTEMPTS,
    {"job": RECIPES["short"].whole_log("job", 1), "prep": b"anything"},
    {("sha", "tisktask/push"): "success", ("sha", "tisktask/push/short"): "success"},
)
LOST_RUN = replace(
    GOOD,
    runs=[replace(RUN, state="errored")],
    jobs=[PREPARATION, LOST],
    statuses=dict.fromkeys(GOOD.statuses, "error"),
)
STARTS = Counter({("job", 1): 1})
LONG_PAUSE = Struck(Blow(1, Part.RUNNER_1, 18), 1, 75.0, 93.0)


def test_a_run_as_it_should_be_violates_nothing():
    assert violations([PUSHED], GOOD, STARTS, []) == []


def test_what_a_silent_host_has_lost_is_no_violation():
    assert violations([PUSHED], LOST_RUN, STARTS, [LONG_PAUSE]) == []


@pytest.mark.parametrize(
    ("evidence", "starts", "said"),
    [
        (replace(GOOD, runs=[], jobs=[], attempts=[]), STARTS, "has 0 runs"),
        (replace(GOOD, runs=[RUN, replace(RUN, id="other")]), STARTS, "has 2 runs"),
        (replace(GOOD, runs=[replace(RUN, ends=2)]), STARTS, "come to a final state 2 times"),
        (replace(GOOD, jobs=[PREPARATION, replace(JOB, ends=0)]), STARTS, "come to a final state 0 times"),
        (replace(GOOD, jobs=[PREPARATION, replace(JOB, state="cancelled")]), STARTS, "should be succeeded"),
        (replace(GOOD, jobs=[PREPARATION], attempts=ATTEMPTS[:1]), STARTS, "has the jobs [] instead of ['short']"),
        (GOOD, Counter({("job", 1): 2}), "was started 2 times"),
        (GOOD, Counter({("job", 1): 1, ("job", 2): 1}), "was started in 2 attempts"),
        (GOOD, Counter[tuple[str, int]](), "was never started"),
        (replace(GOOD, attempts=[*ATTEMPTS, replace(ATTEMPTS[1], attempt=2)]), STARTS, "has 2 attempts"),
        (replace(GOOD, attempts=[replace(ATTEMPTS[1], finished_at=None)]), STARTS, "has not ended"),
        (replace(GOOD, logs={"job": b"begin job 1\nbegin job 1\n"}), STARTS, "from byte 12"),
        (replace(GOOD, logs={"job": b""}), STARTS, "its log has 0 bytes"),
        (replace(GOOD, statuses={("sha", "tisktask/push"): "pending"}), STARTS, "the forge shows pending"),
        (LOST_RUN, STARTS, "no runner was silent"),
        (replace(LOST_RUN, jobs=[PREPARATION, replace(LOST, reason="oops")]), STARTS, "does not say"),
    ],
)
def test_what_should_not_be_is_found(evidence, starts, said):
    assert any(said in one for one in violations([PUSHED], evidence, starts, []))
