"""Messages within the run."""

import asyncio

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from jobsocket_stand import SocketOfJob, SocketStand


async def family(stand: SocketStand) -> tuple[SocketOfJob, SocketOfJob]:
    parent = await stand.start()
    return parent, await stand.start_child(parent, await parent.call("SPAWNJOB", "push/lint"))


async def next_message(listening: PubSub) -> tuple[str, str, object]:
    async with asyncio.timeout(10):
        while not (message := await listening.get_message(timeout=1)):
            continue
    return message["type"], message["channel"], message["data"]


async def test_a_message_reaches_all_who_listen_in_the_run(stand: SocketStand):
    parent, child = await family(stand)
    async with parent.client() as here, child.client() as there, here.pubsub() as first, there.pubsub() as second:
        await first.subscribe("progress", "other")
        await second.subscribe("progress")
        assert await next_message(first) == ("subscribe", "progress", 1)
        assert await next_message(first) == ("subscribe", "other", 2)
        assert await next_message(second) == ("subscribe", "progress", 1)
        assert await child.call("PUBLISH", "progress", "half") == 2
        assert await next_message(first) == ("message", "progress", "half")
        assert await next_message(second) == ("message", "progress", "half")
        await first.unsubscribe("progress")
        assert await next_message(first) == ("unsubscribe", "progress", 1)
    async with asyncio.timeout(10):
        while await child.call("PUBLISH", "progress", "done"):
            await asyncio.sleep(0.02)


async def test_another_run_hears_nothing(stand: SocketStand):
    job = await stand.start()
    async with job.client() as client, client.pubsub() as listening:
        await listening.subscribe("progress")
        assert await next_message(listening) == ("subscribe", "progress", 1)
        await stand.stage.bus.client.publish("message.host", b'{"scope": "run_other", "channel": "", "message": ""}')
        await stand.stage.bus.client.publish("message.host", b"not JSON")
        assert await job.call("PUBLISH", "progress", "mine") == 1
        assert await next_message(listening) == ("message", "progress", "mine")


async def test_commands_go_on_beside_messages_in_the_newer_protocol(stand: SocketStand):
    job = await stand.start()
    client = Redis(unix_socket_path=str(job.path), decode_responses=True, protocol=3)
    async with client, client.pubsub() as listening:
        await listening.subscribe("progress")
        assert await next_message(listening) == ("subscribe", "progress", 1)
        assert await client.publish("progress", "x") == 1
        assert await next_message(listening) == ("message", "progress", "x")


async def test_messages_arrive_in_the_order_in_which_they_were_sent(stand: SocketStand):
    job = await stand.start()
    async with job.client() as client, client.pubsub() as listening:
        await listening.subscribe("progress")
        await next_message(listening)
        for number in range(20):
            await client.publish("progress", str(number))
        assert [(await next_message(listening))[2] for _ in range(20)] == [str(number) for number in range(20)]


async def test_a_transaction_may_publish(stand: SocketStand):
    job = await stand.start()
    async with job.client() as client, client.pipeline(transaction=True) as pipeline:
        pipeline.set("k", "v").publish("nobody", "hears")
        assert await pipeline.execute() == [True, 0]
