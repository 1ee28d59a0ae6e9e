"""redis-py and redis-cli get the same from a job's socket as from a real redis-server, whatever they are told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsocket_stand import SocketOfJob, SocketStand
from redis_commands import Words, commands, is_unordered, tells_time
from redis_server import running_redis

pytestmark = pytest.mark.timeout(300)

KEYS = [b"a", b"b", b"c", b"key:1", b"\x00\xff\r\n"]
SEQUENCES = st.lists(
    commands.filter(lambda words: not is_unordered(words) and not tells_time(words)), min_size=1, max_size=25
)
RULES: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
}


@pytest.fixture(scope="module")
def redis_path() -> Iterator[Path]:
    with running_redis() as path:
        yield path


@pytest.fixture
async def job(stand: SocketStand) -> AsyncIterator[SocketOfJob]:
    """A job whose host lives as long as the test takes."""
    job = await stand.start()

    async def beat() -> None:
        while True:
            await job.job.runner.heartbeat(job.job.work)
            await asyncio.sleep(1)

    beating = asyncio.create_task(beat())
    yield job
    beating.cancel()


@pytest.fixture(params=[2, 3])
async def clients(job: SocketOfJob, redis_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[list[Any]]:
    """redis-py at the job's socket, and at the server's."""
    options: dict[str, Any] = {"protocol": request.param, "socket_timeout": 20}
    made = [redis.asyncio.Redis(unix_socket_path=str(path), **options) for path in (job.path, redis_path)]
    yield made
    for client in made:
        await client.aclose()


@settings(max_examples=40, **RULES)
@given(sequence=SEQUENCES)
async def test_redis_py_sees_no_difference(clients: list[Any], sequence: list[Words]) -> None:
    seen = []
    for client in clients:
        await client.delete(*KEYS)
        seen.append([await ask(client, words) for words in sequence])
    assert seen[0] == seen[1]


async def ask(client: Any, words: Words) -> Any:
    """Give what the client makes of the reply: a value, or an exception with its words."""
    try:
        return await client.execute_command(*words)
    except redis.RedisError as error:
        return type(error), str(error)


@settings(max_examples=25, **RULES)
@given(sequence=SEQUENCES)
async def test_redis_cli_sees_no_difference(job: SocketOfJob, redis_path: Path, sequence: list[Words]) -> None:
    script = b"\n".join(b" ".join(map(quoted, words)) for words in [[b"DEL", *KEYS], *sequence]) + b"\n"
    ours, theirs = [await redis_cli(path, script) for path in (job.path, redis_path)]
    # What was there before each of them.
    assert ours.partition(b"\n")[2] == theirs.partition(b"\n")[2]


def quoted(word: bytes) -> bytes:
    return b'"' + b"".join(b"\\x%02x" % byte for byte in word) + b'"'


async def redis_cli(path: Path, script: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "redis-cli",
        "-s",
        str(path),
        "--no-raw",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(script)
    assert process.returncode == 0
    return output
