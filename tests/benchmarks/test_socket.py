"""Round trips over a job's socket against a real redis-server's on the same kind of socket: PING, INCR, a pipeline."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    path = wait_for(lambda: next(folder.glob("**/command.sock"), None), 60, stack.log_tail)
    with short_path(path) as short:
        client = RawRedis(short)
    yield client
    client.ask([b"RPUSH", b"end", b"now"])
    client.close()
    assert stack.wait_for_run(project.full_name, sha)["state"] == "succeeded"


def test_a_round_trip_against_redis(job_socket):
    with running_redis() as path:
        redis = RawRedis(path)
        print()
        compare("PING", [[b"PING"]], 1000, job_socket, redis)
        compare("INCR", [[b"INCR", b"n"]], 100, job_socket, redis)
        compare("100 INCR in a pipeline", [[b"INCR", b"n"]] * 100, 10, job_socket, redis)
        redis.close()


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
