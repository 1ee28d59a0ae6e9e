"""How programs end, and that the engine tells it right."""

import pytest

from podman_host import Pods, log_text
from tisktask_common.rpc import Limits
from tisktask_runner.engine.model import Exit, NotStarted, Started
from tisktask_runner.engine.pods import Engine


async def test_an_exit_code_is_told_with_times_in_order(engine: Engine, pods: Pods) -> None:
    pod = await pods.create("code", "/bin/sh", "-c", "echo hello; exit 3")
    started = await engine.start(pod)
    ended = await engine.wait(pod)
    assert isinstance(started, Started)
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.signal, ended.out_of_memory) == (3, None, False)
    assert started.started_at <= ended.started_at <= ended.ended_at
    assert log_text(pod) == "hello\n"


@pytest.mark.parametrize(("name", "number"), [("KILL", 9), ("TERM", 15), ("SEGV", 11)])
async def test_a_program_that_ends_by_a_signal_is_told_so(engine: Engine, pods: Pods, name: str, number: int) -> None:
    pod = await pods.sh(f"signal-{number}", f"kill -{name} $$; sleep 20")
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.signal, ended.out_of_memory) == (128 + number, number, False)


async def test_a_program_that_needs_too_much_memory_is_told_apart_from_a_killed_one(engine: Engine, pods: Pods) -> None:
    limits = Limits(memory_bytes=32 << 20)
    pod = await pods.create("greedy", "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1", limits=limits)
    await engine.start(pod)
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.signal, ended.out_of_memory) == (137, 9, True)


async def test_a_child_that_needs_too_much_memory_is_told_although_its_parent_goes_on(
    engine: Engine, pods: Pods
) -> None:
    script = "dd if=/dev/zero of=/dev/null bs=200M count=1; echo goes on"
    pod = await pods.sh("greedy-child", script, limits=Limits(memory_bytes=32 << 20))
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert (ended.exit_code, ended.out_of_memory) == (0, True)
    assert "goes on" in log_text(pod)


@pytest.mark.parametrize(
    ("command", "exit_code"), [("/no/such", 127), ("nosuch", 127), ("/srv/place/data", 126), ("/bin", 126)]
)
async def test_a_program_that_can_not_be_executed_is_not_started(
    engine: Engine, pods: Pods, command: str, exit_code: int
) -> None:
    pod = await pods.create("cannot", command)
    outcome = await engine.start(pod)
    assert isinstance(outcome, NotStarted)
    assert outcome.exit_code == exit_code
    assert command in outcome.message
