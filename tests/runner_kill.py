"""Kills the runners of a stack; `tisktask up` starts them anew."""

import os
import signal
from pathlib import Path

from stack import Stack


def kill_runners(stack: Stack) -> set[int]:
    """Kill all replicas of the host."""
    runners = runner_processes(stack)
    assert len(runners) == stack.runners
    for process in runners:
        os.kill(process, signal.SIGKILL)
    return runners


def runner_processes(stack: Stack) -> set[int]:
    assert stack.process
    parent = stack.process.pid
    children = (int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return {child for child in children if b"tisktask_runner" in Path(f"/proc/{child}/cmdline").read_bytes()}
