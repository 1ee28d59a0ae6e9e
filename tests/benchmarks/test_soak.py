"""Ten minutes of trivial runs, one after the other: memory flat, nothing left behind."""

import os
import subprocess
import time

import psutil
import pytest

from git_server import plain, program
from stack import wait_for
from stack_fixtures import left_over, podman

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

SECONDS = float(os.environ.get("TISKTASK_SOAK_SECONDS", "600"))
#: Caches fill and pools grow at first; what grows after a quarter of the time is a leak.
GROWTH_MAX = 1.25


def test_memory_and_descriptors_stay_flat_and_nothing_is_left(project, stack, storage):
    # The first run makes the default image and Podman's pause image.
    project.run({".tisktask/push/job": program("#!/bin/sh\necho first\n")})
    images = _count_images(storage)
    began, number = time.monotonic(), 0
    early: dict[str, tuple[int, int]] = {}
    while (passed := time.monotonic() - began) < SECONDS:
        run = project.run({".tisktask/push/job": program("#!/bin/sh\necho hi\n"), "n": plain(str(number))})
        assert run["state"] == "succeeded"
        number += 1
        if not early and passed > SECONDS / 4:
            early = _measure(stack)
    late = _measure(stack)
    print(f"\n{number} runs in {SECONDS:.0f} s")
    for name in sorted(early):
        print(
            f"  {name:32} {early[name][0] >> 20:5} -> {late[name][0] >> 20:5} MiB, fds {early[name][1]} -> {late[name][1]}"
        )
    wait_for(lambda: not left_over(storage), 20, lambda: str(left_over(storage)))
    assert _count_images(storage) == images
    assert not list((stack.data / "runner" / "jobs").iterdir())
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert [line for line in links.splitlines() if " tisk-" in line] == []
    assert late.keys() == early.keys(), "a process was restarted"
    grown = {n for n in early if late[n][0] > early[n][0] * GROWTH_MAX + (16 << 20) or late[n][1] > early[n][1] + 16}
    assert grown == set()


def _measure(stack) -> dict[str, tuple[int, int]]:
    """Resident bytes and open descriptors of every lasting process of the stack, by what it is."""
    found: dict[str, tuple[int, int]] = {}
    for process in [psutil.Process(stack.process.pid), *psutil.Process(stack.process.pid).children(recursive=True)]:
        try:
            name = _name(process.cmdline())
            if name:
                found[f"{name} {process.pid}"] = (process.memory_info().rss, process.num_fds())
        except psutil.NoSuchProcess:
            continue
    return found


def _name(command: list[str]) -> str | None:
    """Name a lasting process; sessions of PostgreSQL and the processes of pods come and go."""
    text = " ".join(command)
    for part in ("tisktask_runner", "tisktask_", "tisktask up", "nats-server", "system service", "postgres -D"):
        if part in text and "conmon" not in text and "catatonit" not in text:
            at = text.index(part)
            return text[at : at + 24].split(" -")[0].strip(" .")
    return None


def _count_images(storage) -> int:
    return len(podman(storage, "images", "-q").split())
