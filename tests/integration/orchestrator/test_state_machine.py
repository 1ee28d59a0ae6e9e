"""Whatever is said to the orchestrator, in whatever order, late, repeated, at once: it does what a simple model does.

`pytest --hypothesis-profile=thorough` tries far more.
"""

import asyncio
import logging
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nats_server import NatsServer
from orchestrator_messages import (
    PREPARATION,
    Beat,
    Began,
    CancelJob,
    CancelRun,
    Claim,
    Ended,
    EndOwnRun,
    JobTimeIsUp,
    Key,
    Message,
    Report,
    RerunJob,
    RerunRun,
    RunTimeIsUp,
    Silence,
    Spawn,
    StopIsOld,
    StopOwnJob,
    Sweep,
    Trigger,
    Wish,
)
from orchestrator_model import Model
from orchestrator_promises import Promises
from orchestrator_reality import Reality, running_reality
from orchestrator_strategies import BAD, CODES, DATA, ENDS, GOOD, HOSTS, LINES, PROGRAMS, SHAS, SOME
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunMode


class Machine(RuleBasedStateMachine):
    """Says the same to the model and to the orchestrator, and compares."""

    reality: Reality
    runner: asyncio.Runner

    @initialize(programs=SOME)
    def begin(self, programs: tuple[Wish, ...]) -> None:
        self.runner.run(self.reality.begin_anew())
        self.model = Model()
        self.promises = Promises(self.reality)
        self.said: list[Report] = []
        # By chance few runs come so far.
        self.a_run_is_prepared("pull_request/1", "a", 0, programs)

    @rule(line=LINES, sha=SHAS, number=st.integers(0, 1), dies=st.booleans())
    def a_trigger_comes(self, line: str, sha: str, number: int, dies: bool) -> None:
        self.say(Trigger(f"{line}-{sha}-{number}", line, sha, dies))

    @rule(line=LINES, sha=SHAS, number=st.integers(0, 1), programs=SOME)
    def a_run_is_prepared(self, line: str, sha: str, number: int, programs: tuple[Wish, ...]) -> None:
        delivery = f"{line}-{sha}-{number}"
        self.say(Trigger(delivery, line, sha))
        self.compare()
        if delivery not in self.model.runs:
            return
        key = (delivery, PREPARATION)
        while not self.model.job(key).has_ended:
            self.say(self.usual(key, "one", GOOD, None, programs))
        self.compare()
        for job in [job for job in self.keys() if job[0] == key[0] and not self.model.job(job).has_ended]:
            self.say(self.usual(job, "two", GOOD, None, None))

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA)
    def a_job_goes_on(self, data: st.DataObject) -> None:
        self.say(self.next_of(data))

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA)
    def several_jobs_go_on(self, data: st.DataObject) -> None:
        for key in sorted(self.keys())[:4]:
            self.say(self.next_of(data, key))
            self.compare()

    @precondition(lambda self: self.acting())
    @rule(data=DATA)
    def a_job_acts(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.acting()))
        job = self.model.job(key)
        self.say(self.act(data, job.host or "", key, job.attempt))

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA)
    def somebody_says_anything(self, data: st.DataObject) -> None:
        self.say(self.anything(data))

    @precondition(lambda self: self.said)
    @rule(data=DATA)
    def something_is_said_again(self, data: st.DataObject) -> None:
        self.say(data.draw(st.sampled_from(self.said)))

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA)
    def two_things_are_said_at_once(self, data: st.DataObject) -> None:
        """Mostly about one run, where they get into each other's way."""
        one = self.next_of(data)
        run = one.job[0]
        near = [key for key in self.keys() if key[0] == run and not self.model.job(key).has_ended]
        others = [self.usual(key, "two", data.draw(ENDS), None, ()) for key in near]
        orders = [CancelRun(run), CancelJob(data.draw(st.sampled_from(near))) if near else CancelRun(run)]
        again = data.draw(st.sampled_from(self.said))
        self.race(one, data.draw(st.sampled_from([*others, *others, *orders, again, self.anything(data)])))

    @precondition(lambda self: len(self.acting()) > 1)
    @rule(data=DATA)
    def two_jobs_of_a_run_end_at_once(self, data: st.DataObject) -> None:
        """Also the last two: one of them has to see that it is the last."""
        run = data.draw(st.sampled_from(self.acting()))[0]
        ends = [self.usual(key, "one", data.draw(ENDS), 1, None) for key in self.acting() if key[0] == run]
        self.race(ends[0], ends[-1])

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA, host=HOSTS)
    def a_host_beats(self, data: st.DataObject, host: str) -> None:
        held = [(key, n) for key in self.keys() for n in range(1, self.model.job(key).attempt + 1)]
        self.say(Beat(host, tuple(data.draw(st.lists(st.sampled_from(held), unique=True)))))

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA, host=HOSTS)
    def time_brings_something_about(self, data: st.DataObject, host: str) -> None:
        key = data.draw(st.sampled_from(self.keys()))
        changes = [Silence(host), JobTimeIsUp(key), StopIsOld(key), StopIsOld(key), RunTimeIsUp(key[0])]
        self.say(data.draw(st.sampled_from([Silence(host), *changes])))
        self.compare()
        match data.draw(st.integers(0, 3)):
            case 0:
                self.say(Sweep())
            case 1:
                self.race(Sweep(), Sweep())
            case 2:
                self.a_host_beats(data, host)
            case _:
                """It is swept later, or never."""

    @rule()
    def the_orchestrator_sweeps(self) -> None:
        self.say(Sweep())

    @precondition(lambda self: self.model.runs)
    @rule(data=DATA, mode=st.sampled_from(list(RerunMode)), number=st.integers(0, 1))
    def somebody_wants_a_run_again(self, data: st.DataObject, mode: RerunMode, number: int) -> None:
        key = data.draw(st.sampled_from(self.keys()))
        request = f"{key[0]}+{number}"
        self.say(data.draw(st.sampled_from([RerunRun(key[0], mode, request), RerunJob(key, request)])))

    @invariant()
    def compare(self) -> None:
        if hasattr(self, "model"):
            assert self.runner.run(self.reality.view()) == self.model.view()
            self.runner.run(self.promises.check())

    def teardown(self) -> None:
        """All that is open comes to an end: by reports as far as there are any, then by time."""
        if not hasattr(self, "model"):
            return
        for key in self.keys() if len(self.said) % 2 else []:
            while not self.model.job(key).has_ended:
                self.say(self.usual(key, "one", GOOD, None, ()))
                self.compare()
        for run in self.model.runs:
            self.say(RunTimeIsUp(run))
        for change in (Silence("one"), Silence("two"), Sweep()):
            self.say(change)
        self.compare()
        self.runner.run(self.promises.check_the_end())

    def say(self, message: Message) -> None:
        if isinstance(message, Report):
            self.said.append(message)
        expected = self.model.apply(message)
        assert self.runner.run(self.reality.apply(message)) == expected, message

    def race(self, one: Message, other: Message) -> None:
        """What is said at once comes to what one of the two orders comes to."""
        replies = self.runner.run(both(self.reality, one, other))
        found = self.runner.run(self.reality.view())
        outcomes: list[Any] = []
        for is_turned, order in ((False, (one, other)), (True, (other, one))):
            model = deepcopy(self.model)
            expected = [model.apply(message) for message in order]
            outcomes.append((expected[::-1] if is_turned else expected, model.view()))
            if outcomes[-1] == (replies, found):
                self.model = model
                return
        raise AssertionError((one, other, replies, found, outcomes))

    def keys(self) -> list[Key]:
        return [(run, job.name) for run, _, job in self.model.all_jobs()]

    def acting(self) -> list[Key]:
        """The programs that runners have."""
        return [key for key in self.keys() if self.model.job(key).held and key[1] != PREPARATION]

    def next_of(self, data: st.DataObject, key: Key | None = None) -> Claim | Began | Ended:
        """What usually comes next for a job: mostly for one that has not ended."""
        opened = [key for key in self.keys() if not self.model.job(key).has_ended]
        key = key or data.draw(st.sampled_from(opened or self.keys()))
        return self.usual(key, data.draw(HOSTS), data.draw(ENDS), data.draw(CODES), data.draw(PROGRAMS))

    def usual(
        self, key: Key, host: str, end: JobState, code: int | None, programs: tuple[Wish, ...] | None
    ) -> Claim | Began | Ended:
        job = self.model.job(key)
        match job.state:
            case JobState.QUEUED:
                return Claim(host, key, job.attempt)
            case JobState.STARTING:
                return Began(job.host or host, key, job.attempt)
            case _:
                return Ended(job.host or host, key, job.attempt, end, code, programs if key[1] == PREPARATION else None)

    def anything(self, data: st.DataObject) -> Report:
        """A message of any kind from anybody about any attempt."""
        key = data.draw(st.sampled_from(self.keys()))
        job = self.model.job(key)
        host = data.draw(st.sampled_from([job.host or "one", "one", "two"]))
        attempt = data.draw(st.sampled_from([job.attempt, job.attempt, job.attempt - 1, job.attempt + 1]))
        end, code = data.draw(ENDS), data.draw(CODES)
        kinds: list[Report] = [
            Claim(host, key, attempt),
            Began(host, key, attempt),
            Ended(host, key, attempt, end, code, data.draw(PROGRAMS)),
            CancelJob(key),
            CancelRun(key[0]),
            self.act(data, host, key, attempt),
        ]
        return data.draw(st.sampled_from(kinds))

    def act(self, data: st.DataObject, host: str, key: Key, attempt: int) -> Report:
        """What a program may ask for."""
        siblings = [other for other in self.keys() if other[0] == key[0]]
        flags = data.draw(st.tuples(st.booleans(), st.booleans()))
        spawn = Spawn(host, key, attempt, data.draw(st.sampled_from("xyz")), *flags)
        stop = StopOwnJob(host, key, attempt, data.draw(st.sampled_from([*siblings, *siblings, *self.keys()])))
        end = EndOwnRun(host, key, attempt, BAD if flags[0] else JobState.CANCELLED)
        return data.draw(st.sampled_from([spawn, spawn, spawn, spawn, spawn, stop, stop, end]))


async def both(reality: Reality, one: Message, other: Message) -> list[Any]:
    return list(await asyncio.gather(reality.apply(one), reality.apply(other)))


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Without the orchestrator's log, which would be a hundred thousand lines."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


# A counterexample takes a while to be made short.
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_quiet")
def test_the_orchestrator_does_what_the_model_does(nats_server: NatsServer, database_url: str) -> None:
    with running_reality(nats_server, database_url) as (reality, runner):
        machine = type("TheMachine", (Machine,), {"reality": reality, "runner": runner})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=settings().max_examples * 3 // 10,
                deadline=None,
                stateful_step_count=40,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
