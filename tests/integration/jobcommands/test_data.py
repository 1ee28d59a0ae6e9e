"""The run's data through sockets of several jobs, and waiting for it."""

import asyncio

import pytest
import redis

from jobsocket_stand import SocketOfJob, SocketStand


async def family(stand: SocketStand) -> tuple[SocketOfJob, SocketOfJob]:
    parent = await stand.start()
    return parent, await stand.start_child(parent, await parent.call("SPAWNJOB", "push/lint"))


async def test_jobs_of_a_run_share_their_data(stand: SocketStand):
    parent, child = await family(stand)
    assert await parent.call("SET", "version", "1.4.2")
    assert await child.call("GET", "version") == "1.4.2"
    assert await child.call("INCR", "builds") == 1
    assert await parent.call("INCR", "builds") == 2


async def test_a_pipeline_is_answered_in_order_and_a_transaction_whole(stand: SocketStand):
    parent = await stand.start()
    async with parent.client() as client:
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.rpush("l", "a", "b").get("nothing").lpop("l").ping()
            assert await pipeline.execute() == [2, None, "a", True]
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.hset("h", "a", "1").hgetall("h").blpop(["nothing"], 1)
            assert await pipeline.execute() == [1, {"a": "1"}, None]


async def test_replies_that_do_not_fit_into_one_message_come_all_the_same(stand: SocketStand):
    parent = await stand.start()
    async with parent.client() as client:
        for number in range(10):
            await client.set(f"k{number}", str(number) * 100_000)
        async with client.pipeline(transaction=False) as pipeline:
            for number in range(10):
                pipeline.get(f"k{number}")
            assert await pipeline.execute() == [str(number) * 100_000 for number in range(10)]


@pytest.mark.parametrize(("command", "item"), [("BLPOP", "first"), ("BRPOP", "last")])
async def test_popping_waits_until_another_job_pushes_and_lends_meanwhile(stand: SocketStand, command: str, item: str):
    parent, child = await family(stand)
    popping = asyncio.create_task(parent.call(command, "empty", "queue", "0"))
    await parent.until_lent()
    async with asyncio.timeout(1.5):
        # Sooner than by asking again after two seconds: by news.
        await child.call("RPUSH", "queue", "first", "last")
        assert list(await popping) == ["queue", item]
    assert not parent.lending.is_lent


async def test_popping_ends_with_nothing_when_the_time_is_up(stand: SocketStand):
    parent = await stand.start()
    assert await parent.call("BLPOP", "queue", "0.1") is None


@pytest.mark.parametrize("timeout", ["soon", "-1", "nan"])
async def test_a_wrong_time_is_answered_as_redis_does(stand: SocketStand, timeout: str):
    parent = await stand.start()
    with pytest.raises(redis.ResponseError, match="timeout is"):
        await parent.call("BLPOP", "queue", timeout)


async def test_popping_a_key_of_another_kind_is_an_error(stand: SocketStand):
    parent = await stand.start()
    await parent.call("SET", "queue", "x")
    with pytest.raises(redis.ResponseError, match="wrong kind of value"):
        await parent.call("BLPOP", "queue", "1")


async def test_what_is_pushed_for_someone_who_has_gone_stays(stand: SocketStand):
    parent, child = await family(stand)
    client = parent.client()
    popping = asyncio.create_task(client.execute_command("BLPOP", "queue", "0"))
    await parent.until_lent()
    popping.cancel()
    await asyncio.gather(popping, return_exceptions=True)
    # On the way to the orchestrator and back it may go at any moment.
    closing = asyncio.create_task(client.aclose())
    await child.call("RPUSH", "queue", "item")
    await closing
    async with asyncio.timeout(5):
        while parent.lending.is_lent or not await child.call("LLEN", "queue"):
            await asyncio.sleep(0.02)
    assert await child.call("LRANGE", "queue", "0", "-1") == ["item"]


async def test_a_command_is_not_carried_out_twice_under_the_same_request_id(stand: SocketStand):
    parent = await stand.start()
    await parent.call("RPUSH", "queue", "a", "b", "c")
    for command in (("LPOP", "queue"), ("BLPOP", "queue", "1"), ("INCR", "n")):
        replies = []
        for _ in range(2):
            async with parent.client() as client:
                connection = client.connection_pool.make_connection()
                await connection.connect()
                await connection.send_command("REQUESTID", f"id-{command[0]}")
                await connection.read_response()
                await connection.send_command(*command)
                replies.append(await connection.read_response())
                await connection.disconnect()
        assert replies[0] == replies[1]
    assert await parent.call("LRANGE", "queue", "0", "-1") == ["c"]
    assert await parent.call("GET", "n") == "1"
