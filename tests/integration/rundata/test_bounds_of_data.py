"""How much a run may keep, and how much one request may bring, take back and go through."""

from run_data_stand import DataStand
from tisktask_common.resp import OK, Failure
from tisktask_orchestrator.rundata.dataset import Bounds


async def test_what_has_expired_is_gone_and_makes_room(stand: DataStand) -> None:
    job = await stand.make_job()
    stand.bounds = Bounds(3000, 100)
    await stand.replies(job, [b"SET", b"a", b"x" * 2000, b"EX", b"1000"], [b"RPUSH", b"list", b"x"])
    assert isinstance(await stand.do(job, "SET b " + "x" * 2000), Failure)
    async with stand.pool.connection() as connection:
        await connection.execute("UPDATE orchestrator.data_keys SET expires_ms = 1 WHERE key = 'a'")
    assert await stand.replies(job, [b"GET", b"a"], [b"TTL", b"a"], [b"KEYS", b"*"]) == [None, -2, [b"list"]]
    assert await stand.do(job, "SET b " + "x" * 2000) == OK
    assert await stand.do(job, "DBSIZE") == 2


async def test_a_run_keeps_no_more_than_it_may(stand: DataStand) -> None:
    job = await stand.make_job()
    stand.bounds = Bounds(10_000, 3)
    replies = await stand.replies(job, *[[b"SET", b"k%d" % number, b"v"] for number in range(4)])
    assert replies[:3] == [OK] * 3
    assert isinstance(replies[3], Failure)
    assert replies[3].code == "OOM"
    assert await stand.do(job, "SET k0 other") == OK
    full = await stand.do(job, "APPEND k0 " + "x" * 10_000)
    assert isinstance(full, Failure)
    assert full.code == "OOM"
    assert await stand.do(job, "DEL k0 k1 k2") == 3
    assert await stand.do(job, "RPUSH list a b") == 2


async def test_keys_fields_and_values_are_bounded(stand: DataStand) -> None:
    job = await stand.make_job()
    long_key, long_value = b"k" * 1025, b"v" * (256 * 1024 + 1)
    commands = [
        [b"GET", long_key],
        [b"HSET", b"h", long_key, b"v"],
        [b"SET", b"a", long_value],
        [b"RPUSH", b"l", b"fine", long_value],
    ]
    for command in commands:
        (reply,) = await stand.replies(job, command)
        assert isinstance(reply, Failure)
        assert reply.code == "LIMIT"
    assert await stand.do(job, "DBSIZE") == 0


async def test_a_reply_that_is_too_large_is_an_error_that_changes_nothing(stand: DataStand) -> None:
    job = await stand.make_job()
    value = b"v" * 200_000
    for _ in range(3):
        await stand.replies(job, [b"RPUSH", b"list", value])
    large = [[b"LRANGE", b"list", b"0", b"-1"], [b"LPOP", b"list", b"3"], [b"RPOP", b"list", b"2"]]
    for command in large:
        (reply,) = await stand.replies(job, command)
        assert isinstance(reply, Failure)
        assert reply.code == "LIMIT"
    assert await stand.do(job, "LLEN list") == 3
    await stand.replies(job, [b"HSET", b"hash", b"f", value])
    await stand.replies(job, [b"HSET", b"hash", b"g", value, b"h", b"v"])
    assert isinstance(await stand.do(job, "HGETALL hash"), Failure)
    assert await stand.do(job, "HMGET hash f h") == [value, b"v"]


async def test_what_does_not_fit_into_one_answer_is_left_for_the_next_if_it_may_be(stand: DataStand) -> None:
    job = await stand.make_job()
    value = b"v" * 200_000
    await stand.replies(job, [b"SET", b"a", value])
    await stand.replies(job, [b"SET", b"b", value])
    commands = [[b"GET", b"a"], [b"INCR", b"n"], [b"GETDEL", b"b"], [b"INCR", b"n"]]
    assert await stand.replies(job, *commands, is_divisible=True) == [value, 1]
    assert await stand.replies(job, *commands[2:], is_divisible=True) == [value, 2]
    await stand.replies(job, [b"SET", b"b", value])
    whole = await stand.replies(job, *commands)
    assert isinstance(whole[2], Failure)
    assert [whole[0], whole[1], whole[3]] == [value, 3, 4]
    assert await stand.do(job, "EXISTS b") == 1


async def test_what_goes_through_too_much_at_once_is_refused(stand: DataStand) -> None:
    job = await stand.make_job()
    await stand.replies(job, [b"RPUSH", b"list", *[b"x"] * 10_000])
    replies = await stand.replies(job, *[[b"LREM", b"list", b"1", b"y"]] * 32)
    assert replies[:30] == [0] * 30
    assert [reply.code for reply in replies[30:] if isinstance(reply, Failure)] == ["LIMIT"] * 2
