"""Programs under supervision: started, started again, ended in order, never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli_processes import children_of, is_alive, shell, supervision, until


async def test_a_program_that_dies_is_started_again_after_ever_longer_pauses() -> None:
    async with supervision() as bench:
        supervised = bench.supervisor.start(shell("short", "exit 3"), 1)
        await until(lambda: supervised.restarts >= 3)
        pauses = [record["starts_again_in_seconds"] for record in bench.records("process_ended")]
        assert pauses[:3] == [0.2, 0.4, 0.8]
        assert bench.records("process_ended")[0]["how"] == "exit code 3"


async def test_a_killed_program_is_named_with_its_signal_and_comes_back() -> None:
    async with supervision() as bench:
        supervised = bench.supervisor.start(shell("long", "echo up; exec sleep 1000"), 1)
        await until(lambda: bench.records("up"))
        first = supervised.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(bench.records("up")) == 2)
        assert supervised.pid != first
        assert bench.records("process_ended")[0]["how"] == "signal SIGKILL"


async def test_a_program_that_can_not_be_started_says_so_and_is_tried_again() -> None:
    async with supervision() as bench:
        program = shell("gone", "")
        object.__setattr__(program, "command", ("/nowhere/at-all",))
        supervised = bench.supervisor.start(program, 1)
        await until(lambda: supervised.restarts >= 2)
        assert "No such file" in bench.records()[0]["event"]


async def test_a_preparation_that_fails_is_said_and_tried_again() -> None:
    attempts: list[int] = []

    def prepare() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("not yet")

    async with supervision() as bench:
        bench.supervisor.start(shell("late", "echo up; exec sleep 1000", prepare=prepare), 1)
        await until(lambda: bench.records("up"))
        assert bench.records("process_ended")[0]["how"] == "could not be started: not yet"


async def test_groups_end_one_after_the_other() -> None:
    script = "trap 'echo ended {0}; exit' TERM; echo up {0}; while :; do sleep 0.05; done"
    async with supervision() as bench:
        for name, stops_at in (("server", 3), ("one", 1), ("middle", 2), ("two", 1)):
            bench.supervisor.start(shell(name, script.format(name)), stops_at)
        await until(lambda: len(bench.records()) == 4)
        await bench.supervisor.stop()
        order = [r["service"] for r in bench.records() if r["event"].startswith("ended")]
        assert sorted(order[:2]) == ["one", "two"]
        assert order[2:] == ["middle", "server"]


async def test_who_does_not_end_in_time_is_killed() -> None:
    async with supervision() as bench:
        stubborn = shell("stubborn", "trap '' TERM; echo up; while :; do sleep 0.05; done", stop_seconds=0.3)
        supervised = bench.supervisor.start(stubborn, 1)
        await until(lambda: bench.records("up"))
        await bench.supervisor.stop()
        assert supervised.pid is None
        assert bench.records("process_killed")


async def test_a_stop_while_a_program_waits_for_its_next_start_is_immediate() -> None:
    async with supervision() as bench:
        supervised = bench.supervisor.start(shell("short", "exit 1"), 1)
        await until(lambda: supervised.restarts >= 3)
        began = time.monotonic()
        await bench.supervisor.stop()
        assert time.monotonic() - began < 5
        assert supervised.pid is None


async def test_the_last_words_before_a_death_are_kept() -> None:
    async with supervision() as bench:
        code = await bench.supervisor.run_once(shell("once", "echo first; printf last; exit 4"))
        assert code == 4
        await until(lambda: len(bench.records()) == 2)
        assert [record["event"] for record in bench.records()] == ["first", "last"]


async def test_orphans_are_collected_and_leave_no_zombies() -> None:
    async with supervision() as bench:
        await bench.supervisor.run_once(shell("parent", "(sleep 0.2; exit 0) & echo $!"))
        await until(bench.records)
        orphan = int(bench.records()[0]["event"])
        await until(lambda: not Path(f"/proc/{orphan}").exists())


async def test_a_program_in_a_session_of_its_own_does_not_hear_ctrl_c() -> None:
    async with supervision() as bench:
        supervised = bench.supervisor.start(shell("long", "echo up; exec sleep 1000"), 1)
        await until(lambda: bench.records("up"))
        assert supervised.pid
        assert os.getsid(supervised.pid) == supervised.pid != os.getsid(0)


_PARENT = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from cli_processes import supervision, shell, until
async def main():
    async with supervision(is_warm={warm}) as bench:
        one = bench.supervisor.start(shell("one", "trap '' TERM INT HUP; echo up; while :; do sleep 1; done"), 1)
        await until(lambda: bench.records("up"))
        print(one.pid, flush=True)
        await asyncio.sleep(1000)
asyncio.run(main())
"""


async def test_children_die_with_a_parent_that_is_killed() -> None:
    script = _PARENT.format(tests=str(Path(__file__).parents[2]), warm=True)
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(await asyncio.to_thread(parent.stdout.readline))
    family = {child, *children_of(parent.pid)}
    assert len(family) == 2  # the program, and the warm process
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await until(lambda: not any(map(is_alive, family)))
