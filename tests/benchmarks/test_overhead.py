"""What Tisktask adds to one trivial job: webhook to final status, against git and Podman's command line."""

import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks_floor import Floor
from git_server import plain, program
from stack import wait_for

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

ROUNDS = 12
AT_ONCE = 4


@pytest.fixture
def floor(project, storage, busybox, tmp_path):
    # The command line gets the same configuration and storage, and an address with the token in it: the floor is
    # what a bare script does.
    token = next(iter(project.forge.state.tokens))
    url = project.clone_url.replace("://", f"://x-access-token:{token}@")
    return Floor(tmp_path, url, busybox, ["podman"], storage.environment(os.environ))


def _ours(project, number) -> float:
    """Deliver a webhook; return the seconds until the forge has the final status of the run."""
    sha = project.commit({".tisktask/push/job": program("#!/bin/sh\necho hi\n"), "number": plain(number)})
    began = time.perf_counter()
    assert project.delivery(sha).send_now(project.stack.ingest_url) == 202
    wait_for(lambda: project.statuses(sha, "tisktask/push")[-1:] == ["success"], 60, project.stack.log_tail)
    return time.perf_counter() - began


def test_one_after_the_other(project, floor):
    sha = project.commit({".tisktask/push/job": program("#!/bin/sh\necho hi\n")})
    floor.run_once(sha), _ours(project, "warm-up")
    pairs = [(floor.run_once(sha), _ours(project, f"one-{number}")) for number in range(ROUNDS)]
    floors, ours = zip(*pairs, strict=True)
    _print("sequential", floors, ours, [mine / its for its, mine in pairs])


def test_four_at_once(make_project, project, floor):
    sha = project.commit({".tisktask/push/job": program("#!/bin/sh\necho hi\n")})
    projects = [make_project(project.forge.state.flavour) for _ in range(AT_ONCE)]
    lock = threading.Lock()

    def ours(number: int) -> float:
        with lock:
            mine = projects[number % AT_ONCE]
        return _ours(mine, f"at-once-{number}")

    total = ROUNDS * 2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: floor.run_once(sha), range(total)))
        floor_seconds = time.perf_counter() - began
        began = time.perf_counter()
        list(pool.map(ours, range(total)))
        our_seconds = time.perf_counter() - began
    print(
        f"\n{AT_ONCE} at once: floor {total * 60 / floor_seconds:.0f} a minute, "
        f"ours {total * 60 / our_seconds:.0f} a minute, time ratio {our_seconds / floor_seconds:.2f}"
    )


def _print(name, floors, ours, ratios) -> None:
    print(
        f"\n{name}: floor median {statistics.median(floors) * 1000:.0f} ms (min {min(floors) * 1000:.0f}), "
        f"ours median {statistics.median(ours) * 1000:.0f} ms (min {min(ours) * 1000:.0f}, "
        f"max {max(ours) * 1000:.0f}), ratio median {statistics.median(ratios):.2f}"
    )
