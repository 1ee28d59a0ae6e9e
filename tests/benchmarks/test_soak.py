"""Ten minutes of trivial runs, one after the other: memory flat, nothing left behind."""

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from git_server import plain, program
from stack_fixtures import left_over, podman

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

SECONDS = float(os.environ.get("TISKTASK_SOAK_SECONDS", "600"))
#: Caches fill and pools grow at first; what grows after a quarter of the time is a leak.
GROWTH_MAX = 1.25


def test_memory_and_descriptors_stay_flat_and_nothing_is_left(project, stack, storage):
    began, number = time.monotonic(), 0
    early: dict[str, tuple[int, int]] = {}
    images = _count_images(storage)
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
    assert left_over(storage) == {}
    assert _count_images(storage) == images
    assert not list((stack.data / "runner" / "jobs").iterdir())
    assert subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout.count("tt-") == 0
    grown = {n for n in early if late[n][0] > early[n][0] * GROWTH_MAX + (16 << 20) or late[n][1] > early[n][1] + 16}
    assert grown == set()


def _measure(stack) -> dict[str, tuple[int, int]]:
    """Resident bytes and open descriptors of every process of the stack."""
    found: dict[str, tuple[int, int]] = {}
    for process in [psutil.Process(stack.process.pid), *psutil.Process(stack.process.pid).children(recursive=True)]:
        try:
            name = " ".join(Path(word).name for word in process.cmdline()[:4])[:28]
            found[f"{name} {process.pid}"] = (process.memory_info().rss, process.num_fds())
        except psutil.NoSuchProcess:
            continue
    # Sessions of PostgreSQL come and go.
    return {name: figures for name, figures in found.items() if "postgres:" not in name}


def _count_images(storage) -> int:
    return len(podman(storage, "images", "-q").split())
