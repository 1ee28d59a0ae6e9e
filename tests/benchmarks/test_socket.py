"""Round trips over a job's socket against a real redis-server's on the same kind of socket: PING, INCR, a pipeline."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from git_server import program
from project import Project
from redis_server import RawRedis, running_redis
from stack import Stack, wait_for

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]

ROUNDS = 7
#: Waits, and so its slot is lent, until it is told to end.
WAITS = program("#!/bin/sh\ntisktask-cmd BLPOP end 0\n")


@pytest.fixture
def job_socket(project: Project, stack: Stack) -> Iterator[RawRedis]:
    """A connection to the socket of a running job."""
    sha = project.push({".tisktask/push/waits": WAITS})
    folder = stack.data / "runner" / "jobs"
    client = wait_for(
        lambda: next(filter(None, map(connected, folder.glob("job_*/ipc/command.sock"))), None), 60, stack.log_tail
    )
    yield client
    client.ask([b"RPUSH", b"end", b"now"])
    client.close()
    assert stack.wait_for_run(project.full_name, sha)["state"] == "succeeded"


def connected(path: Path) -> RawRedis | None:
    """Connect; None: it is the socket of a job before, which has ended and is being removed."""
    try:
        with short_path(path) as short:
            return RawRedis(short)
    except (ConnectionRefusedError, FileNotFoundError):
        return None


def test_a_round_trip_against_redis(job_socket):
    with running_redis() as path:
        redis = RawRedis(path)
        print()
        compare("PING", [[b"PING"]], 1000, job_socket, redis)
        compare("INCR", [[b"INCR", b"n"]], 100, job_socket, redis)
        compare("100 INCR in a pipeline", [[b"INCR", b"n"]] * 100, 10, job_socket, redis)
        redis.close()


SPLIT = """#!/bin/sh -e
tisktask-cmd RPUSH items $(seq 1 40)
tisktask-cmd WAITJOB $(for n in $(seq {workers}); do tisktask-cmd SPAWNJOB split/worker; done)
test "$(tisktask-cmd LLEN done)" = 40
"""
WORKER = program(
    "#!/bin/sh -e\nwhile item=$(tisktask-cmd LPOP items); do sleep 0.5; tisktask-cmd RPUSH done $item; done\n"
)


def test_forty_slow_items_over_four_jobs_against_one(project: Project) -> None:
    seconds_by_workers: dict[int, float] = {}
    for workers in (1, 4):
        files = {".tisktask/push/split": program(SPLIT.format(workers=workers)), ".tisktask/split/worker": WORKER}
        run = project.run(files, seconds_max=120)
        assert run["state"] == "succeeded"
        began, ended = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
        seconds_by_workers[workers] = (ended - began).total_seconds()
    one, four = seconds_by_workers[1], seconds_by_workers[4]
    print(f"\n40 items of 0.5 s: one worker {one:.1f} s, four {four:.1f} s, ratio {four / one:.2f}")


def compare(what: str, commands: list[list[bytes]], times: int, ours: RawRedis, theirs: RawRedis) -> None:
    """Measure both by turns; the first turn warms up."""
    turns = [(seconds(ours, commands, times), seconds(theirs, commands, times)) for _ in range(ROUNDS + 1)][1:]
    ratios = [own / floor for own, floor in turns]
    print(
        f"{what}: {statistics.median(own for own, _ in turns) * 1e6:.0f} us,"
        f" redis-server {statistics.median(floor for _, floor in turns) * 1e6:.0f} us,"
        f" ratio median {statistics.median(ratios):.1f} (max {max(ratios):.1f})"
    )


def seconds(client: RawRedis, commands: list[list[bytes]], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        replies = client.ask(*commands)
    assert not any(reply.startswith(b"-") for reply in replies), replies
    return (time.perf_counter() - began) / times


@contextmanager
def short_path(path: Path) -> Iterator[Path]:
    """Name a socket so that the name fits into an address."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
