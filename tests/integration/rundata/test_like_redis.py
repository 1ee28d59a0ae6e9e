"""Random commands get the replies that a real redis-server gives to them, byte by byte, in both protocols."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_commands import Words, commands, is_unordered, tells_time
from redis_server import RawRedis, running_redis
from run_data_stand import DataStand, WorkingJob
from tisktask_common.resp import Reply, encode


@pytest.fixture(scope="module")
def redis_path() -> Iterator[Path]:
    with running_redis() as path:
        yield path


@pytest.fixture
def redis(redis_path: Path) -> Iterator[RawRedis]:
    client = RawRedis(redis_path)
    yield client
    client.close()


@pytest.fixture
def redis3(redis_path: Path) -> Iterator[RawRedis]:
    client = RawRedis(redis_path, protocol=3)
    yield client
    client.close()


#: Far less than what the commands' times differ by, far more than any machine is slow.
CLOCKS_DIFFER_BY_MS = 60_000
#: Each inner list travels in one request, what one request leaves behind is what the next one finds.
requests = st.lists(st.lists(commands, min_size=1, max_size=20), min_size=1, max_size=4)


# A difference takes a while to be shown by few commands.
@pytest.mark.timeout(300)
@settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(requests=requests, protocol=st.sampled_from([2, 3]))
async def test_replies_are_those_of_redis(
    stand: DataStand, redis: RawRedis, redis3: RawRedis, requests: list[list[Words]], protocol: int
) -> None:
    client = redis if protocol == 2 else redis3
    client.ask([b"FLUSHALL"])
    job = await stand.make_job()
    for batch in requests:
        expected = client.ask(*batch)
        replies = await stand.replies(job, *batch)
        assert len(replies) == len(batch)
        for words, reply, bytes_ in zip(batch, replies, expected, strict=True):
            if is_unordered(words) and isinstance(reply, list):
                assert sorted(map(str, reply)) == sorted(map(str, _sorted_keys(bytes_))), words
            elif tells_time(words) and isinstance(reply, int):
                assert abs(reply - int(bytes_[1:])) < CLOCKS_DIFFER_BY_MS, words
            else:
                assert encode(reply, protocol) == bytes_, words
    await check_books(stand, job)


def _sorted_keys(reply: bytes) -> list[Reply]:
    """Read an array of strings."""
    keys: list[Reply] = []
    rest = reply[reply.index(b"\r\n") + 2 :]
    while rest:
        head, rest = rest.split(b"\r\n", 1)
        size = int(head[1:])
        keys.append(rest[:size])
        rest = rest[size + 2 :]
    return keys


async def check_books(stand: DataStand, job: WorkingJob) -> None:
    """What is written down about sizes is what is really there."""
    async with stand.pool.connection() as connection:
        cursor = await connection.execute(BOOKS, {"run": job.run})
        wrong = await cursor.fetchall()
        assert not wrong, wrong
        cursor = await connection.execute(
            "SELECT bytes_used, keys_used, (SELECT coalesce(sum(bytes_used), 0)::bigint FROM orchestrator.data_keys AS key"
            " WHERE key.run_id = data.run_id), (SELECT count(*) FROM orchestrator.data_keys AS key"
            " WHERE key.run_id = data.run_id) FROM orchestrator.run_data AS data WHERE run_id = %s",
            (job.run,),
        )
        for said_bytes, said_keys, real_bytes, real_keys in await cursor.fetchall():
            assert (said_bytes, said_keys) == (real_bytes, real_keys)


BOOKS = """
SELECT key.key, key.kind, key.bytes_used, items.count, fields.count
FROM orchestrator.data_keys AS key
CROSS JOIN LATERAL (
    SELECT count(*), coalesce(sum(octet_length(value) + 64), 0) AS bytes, min(position) AS first, max(position) + 1 AS stop
    FROM orchestrator.data_items AS item
    WHERE item.run_id = key.run_id AND item.key = key.key
) AS items
CROSS JOIN LATERAL (
    SELECT count(*), coalesce(sum(octet_length(field) + octet_length(value) + 64), 0) AS bytes
    FROM orchestrator.data_fields AS field
    WHERE field.run_id = key.run_id AND field.key = key.key
) AS fields
WHERE key.run_id = %(run)s
    AND (
        key.bytes_used <> 128 + octet_length(key.key)
            + CASE key.kind WHEN 'list' THEN items.bytes WHEN 'hash' THEN fields.bytes ELSE octet_length(key.value) END
        OR key.fields_used <> fields.count
        OR key.end_position - key.first_position <> items.count
        OR (items.count > 0 AND (items.first <> key.first_position OR items.stop <> key.end_position))
        OR (key.kind <> 'string' AND items.count + fields.count = 0)
    )
"""
