"""The bus against a real nats-server that is killed in between."""

import asyncio
import json
from dataclasses import replace

import nats.errors
import pytest
from nats.aio.msg import Msg

from nats_server import NatsServer
from standing_still import standing_still
from tisktask_common.bus.connection import Bus, Outgoing, connect
from tisktask_common.bus.provision import consumer_config
from tisktask_common.bus.pull import Puller
from tisktask_common.errors import BusError, ConflictError
from tisktask_common.events import Value
from tisktask_common.ids import JobId
from tisktask_common.orders import CancelJob
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import Accepted
from tisktask_common.subjects import LOGS_FOR_LOGSTREAM, Consumer, work_consumer, work_subject


async def _count(bus: Bus, stream: str) -> int:
    return (await bus.jetstream.stream_info(stream)).state.messages


async def test_a_message_published_twice_is_stored_once(bus: Bus) -> None:
    for _ in range(2):
        await bus.publish(Outgoing("log.a.b.c.1", b"x", "same"))
    assert await _count(bus, "LOGS") == 1


async def test_a_batch_is_stored_in_order_and_a_repeated_batch_adds_nothing(bus: Bus) -> None:
    batch = [Outgoing("log.a.b.c.1", str(number).encode(), f"id{number}") for number in range(50)]
    await bus.publish_batch(batch)
    await bus.publish_batch(batch)
    await bus.publish_batch([*batch[25:], Outgoing("log.a.b.c.1", b"50", "id50")])
    got: list[bytes] = []

    async def take(message: Msg) -> None:
        got.append(message.data)
        await message.ack()

    task = asyncio.create_task(Puller(bus, LOGS_FOR_LOGSTREAM, take, concurrency=1).run())
    async with asyncio.timeout(10):
        while len(got) < 51:
            await asyncio.sleep(0.01)
    task.cancel()
    assert got == [str(number).encode() for number in range(51)]


async def test_publishing_survives_a_kill_of_the_server(bus: Bus, nats_server: NatsServer) -> None:
    nats_server.kill()
    task = asyncio.create_task(bus.publish(Outgoing("log.a.b.c.1", b"x", "late")))
    await asyncio.sleep(0.3)
    nats_server.start()
    await task
    assert await _count(bus, "LOGS") == 1


async def test_publishing_gives_up_when_its_patience_is_over(bus: Bus, nats_server: NatsServer) -> None:
    nats_server.kill()
    with pytest.raises(BusError, match="no answer"):
        await bus.publish(Outgoing("log.a.b.c.1", b"x", "late"), patience_seconds=0.5)


async def test_the_work_queue_holds_one_message_per_attempt(bus: Bus) -> None:
    subject = work_subject("default", JobId("job_1"), 1)
    await bus.publish(Outgoing(subject, b"{}", "first"))
    await bus.publish(Outgoing(subject, b"{}", "second"))
    assert await _count(bus, "WORK") == 1


async def test_the_pull_loop_goes_on_after_a_kill_of_the_server(bus: Bus, nats_server: NatsServer) -> None:
    got: asyncio.Queue[str] = asyncio.Queue()

    async def take(message: Msg) -> None:
        await message.ack_sync()
        got.put_nowait(message.subject)

    task = asyncio.create_task(Puller(bus, work_consumer("default"), take, concurrency=4).run())
    await bus.publish(Outgoing("work.default.a.1", b"{}", "a"))
    assert await asyncio.wait_for(got.get(), 5) == "work.default.a.1"
    nats_server.kill()
    nats_server.start()
    await bus.publish(Outgoing("work.default.b.1", b"{}", "b"))
    assert await asyncio.wait_for(got.get(), 5) == "work.default.b.1"
    task.cancel()


async def test_a_message_that_always_fails_is_buried_and_the_next_is_handled(bus: Bus) -> None:
    done = asyncio.Event()

    async def take(message: Msg) -> None:
        if message.data == b"poison":
            raise ValueError("bad")
        await message.ack()
        done.set()

    consumer = Consumer("LOGS", "logstream", deliveries_max=1)
    task = asyncio.create_task(Puller(bus, consumer, take, concurrency=1).run())
    await bus.publish(Outgoing("log.a.b.c.1", b"poison", "p"))
    await bus.publish(Outgoing("log.a.b.c.1", b"good", "g"))
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
    assert await _count(bus, "DEAD") == 1


async def test_a_message_is_nobody_elses_while_it_is_handled_and_comes_again_when_its_process_is_gone(bus: Bus) -> None:
    consumer = replace(LOGS_FOR_LOGSTREAM, ack_wait_seconds=1)
    config = {"stream_name": consumer.stream, "config": consumer_config(consumer)}
    made = f"$JS.API.CONSUMER.DURABLE.CREATE.{consumer.stream}.{consumer.name}"
    assert "error" not in json.loads((await bus.client.request(made, json.dumps(config).encode())).data)
    taken: asyncio.Queue[int] = asyncio.Queue()

    async def take(message: Msg) -> None:
        taken.put_nowait(message.metadata.num_delivered)
        if message.data == b"long":
            await asyncio.sleep(3 * consumer.ack_wait_seconds)
            await message.ack_sync()
        else:
            await asyncio.Event().wait()

    task = asyncio.create_task(Puller(bus, consumer, take, concurrency=2).run())
    await bus.publish(Outgoing("log.a.b.c.1", b"long", "long"))
    info = await bus.jetstream.consumer_info(consumer.stream, consumer.name)
    async with asyncio.timeout(20):
        while info.ack_floor is None or info.ack_floor.stream_seq < 1:
            info = await bus.jetstream.consumer_info(consumer.stream, consumer.name)
            await asyncio.sleep(0.05)
    assert [taken.get_nowait(), taken.qsize()] == [1, 0]
    await bus.publish(Outgoing("log.a.b.c.1", b"never", "never"))
    assert await asyncio.wait_for(taken.get(), 5) == 1
    # As a kill does: no message says that it is given back.
    task.cancel()
    for handling in [one for one in asyncio.all_tasks() if "Puller._handle" in repr(one)]:
        handling.cancel()
    await asyncio.gather(task, return_exceptions=True)
    again = asyncio.create_task(Puller(bus, consumer, take, concurrency=2).run())
    assert await asyncio.wait_for(taken.get(), 10) == 2
    again.cancel()


async def test_a_request_is_answered_and_a_users_error_comes_back_as_such(bus: Bus) -> None:
    async def handle(request: CancelJob, caller: str) -> Value:
        assert caller == "admin"
        if request.job_id == "done":
            raise ConflictError("the job has ended")
        return Accepted(accepted=True)

    await bus.answer(CancelJob, handle, queue="orchestrator")
    reply = await bus.request(CancelJob(job_id=JobId("j")))
    assert reply.accepted
    with pytest.raises(ConflictError, match="has ended"):
        await bus.request(CancelJob(job_id=JobId("done")))


async def test_a_request_waits_for_somebody_to_answer(bus: Bus) -> None:
    async def handle(request: CancelJob, caller: str) -> Value:
        return Accepted(accepted=True)

    task = asyncio.create_task(bus.request(CancelJob(job_id=JobId("j"))))
    await asyncio.sleep(0.2)
    await bus.answer(CancelJob, handle, queue="orchestrator")
    assert (await asyncio.wait_for(task, 10)).accepted


async def test_who_gave_up_a_flush_while_the_server_stood_still_hears_on(bus: Bus, nats_server: NatsServer) -> None:
    assert nats_server.process
    heard = await bus.client.subscribe("something.said")
    await bus.client.flush()
    reconnects = bus.client.stats["reconnects"]
    with standing_still(nats_server.process.pid):
        for _ in range(3):
            with pytest.raises(nats.errors.TimeoutError):
                await bus.client.flush(timeout=0.1)
    # Behind the answers that nobody waits for.
    await bus.client.flush(timeout=10)
    await bus.client.publish("something.said", b"once more")
    assert (await heard.next_msg(timeout=10)).data == b"once more"
    assert bus.is_ready
    assert bus.client.stats["reconnects"] == reconnects


async def test_who_is_cancelled_while_connecting_does_not_go_on(bus: Bus, nats_server: NatsServer) -> None:
    """At whatever moment: nats-py swallows a cancellation that comes together with an answer of the server."""
    assert bus.is_ready
    settings = BusSettings(nats_url=nats_server.url, nats_user="admin")
    for number in range(150):
        connecting = asyncio.create_task(connect(settings, "test"))
        await asyncio.sleep(number / 10_000)
        was_at_work = connecting.cancel()
        await asyncio.wait({connecting})
        if not was_at_work:
            await connecting.result().close()
            break
        assert connecting.cancelled()


async def test_a_connection_that_reads_nothing_any_more_is_not_ready(bus: Bus) -> None:
    assert bus.is_ready
    bus.client._reading_task.cancel()
    async with asyncio.timeout(10):
        while bus.is_ready:
            await asyncio.sleep(0.01)
    assert bus.client.is_connected
