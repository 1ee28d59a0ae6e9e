"""Python programs forked from a warm process are what `python -m` makes of them."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_processes import Bench, children_of, supervision, until
from tisktask_cli.stack.program import Program, python_module

_MODULE = """
import json, os, sys, signal
print(json.dumps({"event": "hello", "level": "info", "argv": sys.argv[1:], "name": __name__, "parent": os.getppid(),
    "session": os.getsid(0) == os.getpid(), "variable": os.environ.get("TISKTASK_X"),
    "title": open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)),
    "pipe": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
    "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "sockets": [fd for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")
        if os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")]}), flush=True)
if "exit" in sys.argv:
    sys.exit(5)
if "raise" in sys.argv:
    raise ValueError("oh no")
signal.pause()
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "warm_guest.py").write_text(_MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "warm_guest"


def guest(*arguments: str) -> Program:
    return Program("guest", python_module("warm_guest", *arguments), lambda: {"TISKTASK_X": "y"})


def warm_process() -> int:
    return next(pid for pid, command in children_of(os.getpid()).items() if "tisktask_cli.stack.preloaded" in command)


async def hello(bench: Bench, count: int = 1) -> dict[str, object]:
    await until(lambda: len(bench.records("hello")) == count)
    return bench.records("hello")[-1]


@pytest.mark.parametrize("is_warm", [True, False])
async def test_a_program_is_the_same_forked_and_executed(*, is_warm: bool) -> None:
    async with supervision(is_warm=is_warm) as bench:
        supervised = bench.supervisor.start(guest("a", "b"), 1)
        said = await hello(bench)
        assert supervised.pid
        assert said["title"] == [sys.executable, "-m", "warm_guest", "a", "b"]
        assert (said["argv"], said["name"], said["variable"]) == (["a", "b"], "__main__", "y")
        assert (said["parent"], said["session"], said["pipe"], said["blocked"]) == (os.getpid(), True, True, 0)
        assert said["sockets"] == []
        assert (warm_process() != supervised.pid) if is_warm else True


@pytest.mark.parametrize("is_warm", [True, False])
async def test_exit_codes_and_tracebacks_come_through(*, is_warm: bool) -> None:
    async with supervision(is_warm=is_warm) as bench:
        assert await bench.supervisor.run_once(guest("exit")) == 5
        assert await bench.supervisor.run_once(guest("raise")) == 1
        await until(lambda: bench.records("ValueError: oh no"))


async def test_without_the_warm_process_programs_start_the_slow_way() -> None:
    async with supervision(is_warm=True) as bench:
        os.kill(warm_process(), signal.SIGKILL)
        await until(lambda: bench.records("warm_start_lost"))
        bench.supervisor.start(guest(), 1)
        assert (await hello(bench))["name"] == "__main__"


async def test_the_death_of_the_warm_process_does_not_touch_what_it_has_forked() -> None:
    async with supervision(is_warm=True) as bench:
        supervised = bench.supervisor.start(guest(), 1)
        await hello(bench)
        os.kill(warm_process(), signal.SIGKILL)
        await until(lambda: bench.records("warm_start_lost"))
        assert supervised.pid in children_of(os.getpid())
        assert supervised.restarts == 0
