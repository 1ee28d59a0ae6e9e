"""The checks find what they are there for."""

from collections import Counter
from dataclasses import replace

import pytest

from chaos.check import violations
from chaos.evidence import AttemptRow, Evidence, JobRow, RunRow
from chaos.load import Pushed
from chaos.programs import RECIPES
from chaos.reruns import Rerun
from chaos.schedule import Blow, Part
from chaos.victims import Struck
from forge import Flavour
from forge.webhooks import Delivery

DELIVERY = Delivery(Flavour.FORGEJO, "push", {}, "secret", "delivery-1")
PUSHED = Pushed("sha", ("short",), DELIVERY, cancels_run=False, accepted=2)
RUN = RunRow("run", 1, "sha", "delivery-1", "succeeded", "", None, 1)
PREPARATION = JobRow("prep", "run", "prepare", "prepare", "succeeded", "", None, 1, None, None, None, 100.0, 1)
JOB = JobRow("job", "run", "program", "short", "succeeded", "", 0, 1, "succeeded", None, None, 100.0, 1)
LOST = replace(JOB, state="errored", result="errored", exit_code=None, reason="The runner x went silent.")
ATTEMPTS = [AttemptRow(name, 1, "succeeded", "", 0, True, 100.0) for name in ("prep", "job")]
GOOD = Evidence(
    [RUN],
    [PREPARATION, JOB],
    ATTEMPTS,
    {("job", 1): RECIPES["short"].whole_log("job", 1), ("prep", 1): b"anything"},
    {},
    {("sha", "tisktask/push"): "success", ("sha", "tisktask/push/short"): "success"},
)
LOST_RUN = replace(
    GOOD,
    runs=[replace(RUN, state="errored")],
    jobs=[PREPARATION, LOST],
    attempts=[ATTEMPTS[0], replace(ATTEMPTS[1], state="errored", exit_code=None)],
    statuses=dict.fromkeys(GOOD.statuses, "error"),
)
STARTS = Counter({("job", 1): 1})
LONG_PAUSE = Struck(Blow(1, Part.RUNNER_1, 18), 1, 75.0, 93.0)


def test_a_run_as_it_should_be_violates_nothing():
    assert violations([PUSHED], [], GOOD, STARTS, []) == []


def test_what_a_silent_host_has_lost_is_no_violation():
    assert violations([PUSHED], [], LOST_RUN, STARTS, [LONG_PAUSE]) == []


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
        (
            replace(GOOD, attempts=[*ATTEMPTS, replace(ATTEMPTS[0], attempt=2)], logs={**GOOD.logs, ("prep", 2): b""}),
            STARTS,
            "has 2 attempts",
        ),
        (replace(GOOD, attempts=[replace(ATTEMPTS[1], finished_at=None)]), STARTS, "has not ended"),
        (replace(GOOD, logs={("job", 1): b"begin job 1\nbegin job 1\n"}), STARTS, "from byte 12"),
        (replace(GOOD, logs={("job", 1): b""}), STARTS, "has 0 bytes"),
        (replace(GOOD, statuses={("sha", "tisktask/push"): "pending"}), STARTS, "the forge shows pending"),
        (LOST_RUN, STARTS, "no runner was silent"),
        (replace(LOST_RUN, jobs=[PREPARATION, replace(LOST, reason="oops")]), STARTS, "does not say"),
        (replace(GOOD, runs=[RUN, replace(RUN, id="again", rerun_of="run")]), STARTS, "nobody wanted it"),
    ],
)
def test_what_should_not_be_is_found(evidence, starts, said):
    assert any(said in one for one in violations([PUSHED], [], evidence, starts, []))


#: A program that fails once and asks for another attempt.
MOODY = RECIPES["moody"]
MOODY_RUN = replace(
    GOOD,
    jobs=[PREPARATION, replace(JOB, name="moody", attempt=2)],
    attempts=[ATTEMPTS[0], replace(ATTEMPTS[1], state="failed", exit_code=75), replace(ATTEMPTS[1], attempt=2)],
    logs={("job", 1): MOODY.whole_log("job", 1), ("job", 2): MOODY.whole_log("job", 2)},
    statuses={("sha", "tisktask/push"): "success", ("sha", "tisktask/push/moody"): "success"},
)
MOODY_PUSH = replace(PUSHED, names=("moody",))
BOTH_STARTS = Counter({("job", 1): 1, ("job", 2): 1})


def test_attempts_that_a_program_asks_for_are_no_violation():
    assert violations([MOODY_PUSH], [], MOODY_RUN, BOTH_STARTS, []) == []


def test_attempts_beyond_the_policy_and_damaged_logs_of_older_ones_are_found():
    unwanted = [ATTEMPTS[0], replace(ATTEMPTS[1], state="failed", exit_code=3), MOODY_RUN.attempts[2]]
    found = violations([MOODY_PUSH], [], replace(MOODY_RUN, attempts=unwanted), BOTH_STARTS, [])
    assert any("and was tried again" in one for one in found)
    damaged = replace(MOODY_RUN, logs={**MOODY_RUN.logs, ("job", 1): MOODY.whole_log("job", 1) + b"more\n"})
    assert any("log of attempt 1" in one for one in violations([MOODY_PUSH], [], damaged, BOTH_STARTS, []))


def test_a_containers_log_is_looked_at():
    beside = RECIPES["beside"]
    run = replace(
        GOOD,
        jobs=[PREPARATION, replace(JOB, name="beside")],
        logs={("job", 1): beside.whole_log("job", 1)},
        container_logs={("job", 1, "web"): b"serving\n"},
        statuses={("sha", "tisktask/push"): "success", ("sha", "tisktask/push/beside"): "success"},
    )
    pushed = replace(PUSHED, names=("beside",))
    assert violations([pushed], [], run, STARTS, []) == []
    found = violations([pushed], [], replace(run, container_logs={}), STARTS, [])
    assert any("its container web" in one for one in found)


#: All of a run that has succeeded, once more.
AGAIN = replace(
    GOOD,
    runs=[RUN, replace(RUN, id="run2", number=2, rerun_of="run")],
    jobs=[*GOOD.jobs, replace(PREPARATION, id="prep2", run_id="run2"), replace(JOB, id="job2", run_id="run2")],
    attempts=[*ATTEMPTS, *(replace(one, job_id=f"{one.job_id}2") for one in ATTEMPTS)],
    logs={**GOOD.logs, ("job2", 1): RECIPES["short"].whole_log("job2", 1)},
)
STARTS_AGAIN = Counter({("job", 1): 1, ("job2", 1): 1})


@pytest.mark.parametrize(
    ("wants", "made", "said"),
    [
        ("all", {"run2"}, ""),
        ("all", {"run3"}, "the answers said ['run3']"),
        ("all", {"run2", "run3"}, "the answers said ['run2', 'run3']"),
        ("failed", {"run2"}, "was not carried over when failed"),
    ],
)
def test_what_is_run_again_is_what_was_wanted(wants, made, said):
    pushed = replace(PUSHED, wants_rerun=wants)
    found = violations([pushed], [Rerun(pushed, of="run", made=made)], AGAIN, STARTS_AGAIN, [])
    assert any(said in one for one in found) if said else found == []
