"""Streams that are full: senders wait, nothing unread is dropped, and all goes on by itself when there is room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from nats.aio.msg import Msg

from orchestrator_stage import Stage, eventually
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.bus.permissions import integrator_consumer
from tisktask_common.bus.provision import provision
from tisktask_common.bus.pull import Puller
from tisktask_common.ids import TriggerId
from tisktask_common.subjects import (
    CONSUMERS,
    DELIVERIES,
    EVENTS,
    LOGS_FOR_LOGSTREAM,
    RUNS_FOR_REPORTER,
    Consumer,
    delivery_subject,
)
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_runner.log.uplink import LogUplink

SIZE = 16 * 1024
LIMIT = 16 * SIZE


async def limit_bytes(bus: Bus, stream: str, bytes_max: int) -> None:
    config = (await bus.jetstream.stream_info(stream)).config
    config.max_bytes = bytes_max
    await bus.jetstream.update_stream(config)


async def first_sequence(bus: Bus, stream: str) -> int:
    return (await bus.jetstream.stream_info(stream)).state.first_seq


async def is_almost_full(bus: Bus, stream: str) -> bool:
    return (await bus.jetstream.stream_info(stream)).state.bytes > 0.85 * LIMIT


def body(number: int) -> bytes:
    return str(number).encode().ljust(SIZE)


@asynccontextmanager
async def reading(bus: Bus, consumer: Consumer) -> AsyncIterator[list[int]]:
    """Read and acknowledge all that this consumer has; gives the numbers of the messages in their order."""
    got: list[int] = []

    async def take(message: Msg) -> None:
        with suppress(ValueError):
            # Others are events of the orchestrator's own.
            got.append(int(message.data))
        await message.ack()

    task = asyncio.create_task(Puller(bus, consumer, take).run())
    yield got
    task.cancel()
    await asyncio.wait([task])


async def post_events(stage: Stage, count: int) -> None:
    async with await psycopg.AsyncConnection.connect(stage.database_url) as connection:
        messages = [Outgoing("run.created.x.y.z", body(number), f"id-{number}") for number in range(count)]
        await insert_outbox(connection, [Posted("lane", message) for message in messages])


async def waiting_rows(stage: Stage) -> int:
    return (await stage.rows("SELECT count(*) AS rows FROM orchestrator.outbox"))[0]["rows"]


async def test_the_outbox_waits_while_what_is_unread_fills_its_stream_and_goes_on_when_it_was_read(
    stage: Stage,
) -> None:
    await limit_bytes(stage.bus, "EVENTS", LIMIT)
    await post_events(stage, 30)
    await eventually(lambda: is_almost_full(stage.bus, "EVENTS"), "a full stream")
    first = await first_sequence(stage.bus, "EVENTS")
    assert await waiting_rows(stage) > 10
    async with reading(stage.bus, RUNS_FOR_REPORTER) as got:

        async def all_came() -> bool:
            return len(got) >= 30 and not await waiting_rows(stage)

        await eventually(all_came, "the rest of the outbox")
        assert got == list(range(30))
    assert first == 1
    assert await first_sequence(stage.bus, "EVENTS") > first


async def test_an_integrator_who_does_not_read_does_not_stop_everything(stage: Stage) -> None:
    await provision_integrator(stage.bus)
    await limit_bytes(stage.bus, "EVENTS", LIMIT)
    async with reading(stage.bus, RUNS_FOR_REPORTER) as got:
        await post_events(stage, 30)

        async def all_came() -> bool:
            return len(got) >= 30

        await eventually(all_came, "all events")
        assert got == list(range(30))


async def provision_integrator(bus: Bus) -> None:
    await provision(bus.client, 1, [*CONSUMERS, integrator_consumer("sleeper")])


async def test_logs_wait_on_the_runners_disk_while_nobody_stores_them(stage: Stage) -> None:
    await limit_bytes(stage.bus, "LOGS", LIMIT)
    uplink = LogUplink(stage.bus)
    sending = asyncio.create_task(uplink.run())
    messages = [[Outgoing("log.host.run_1.job_1.1", body(number), f"log-{number}")] for number in range(40)]
    parcels = [asyncio.create_task(uplink.send(message)) for message in messages]
    # A batch is refused whole: one by one they fill the stream.
    filler = asyncio.create_task(fill(stage.bus))
    await eventually(lambda: is_almost_full(stage.bus, "LOGS"), "a full stream")
    await filler
    assert not any(parcel.done() for parcel in parcels)
    assert await first_sequence(stage.bus, "LOGS") == 1
    async with reading(stage.bus, LOGS_FOR_LOGSTREAM) as got:
        await limit_bytes(stage.bus, "LOGS", 64 * LIMIT)
        await asyncio.wait(parcels, timeout=20)
        assert all(parcel.done() for parcel in parcels)

        async def all_came() -> bool:
            return [number for number in got if number < 1000] == list(range(40))

        await eventually(all_came, "all logs")
    sending.cancel()
    await asyncio.wait([sending])


async def fill(bus: Bus) -> None:
    for number in range(15):
        await bus.publish(Outgoing("log.host.run_1.job_0.1", body(1000 + number), f"fill-{number}"))


async def test_logs_that_are_stored_make_room_for_others(stage: Stage) -> None:
    await limit_bytes(stage.bus, "LOGS", LIMIT)
    async with reading(stage.bus, LOGS_FOR_LOGSTREAM) as got:
        await fill(stage.bus)

        async def is_empty() -> bool:
            return len(got) == 15 and (await stage.bus.jetstream.stream_info("LOGS")).state.messages == 0

        await eventually(is_empty, "an empty stream")


async def test_payloads_of_runs_that_have_ended_make_room_and_those_of_others_stay(stage: Stage) -> None:
    await limit_bytes(stage.bus, DELIVERIES.name, LIMIT)
    repository = await stage.add_repository()
    for number in range(3):
        await publish_payload(stage.bus, TriggerId(f"old-{number}"))
    trigger = await stage.trigger(repository)
    await publish_payload(stage.bus, trigger.trigger_id)
    for number in range(9):
        await publish_payload(stage.bus, TriggerId(f"new-{number}"))
    await eventually(lambda: stage.rows("SELECT id FROM api.runs"), "the run")

    async def is_purged() -> bool:
        return await first_sequence(stage.bus, DELIVERIES.name) == 4

    await eventually(is_purged, "room")
    subject = delivery_subject(trigger.trigger_id, 0)
    assert (await stage.bus.jetstream.get_msg(DELIVERIES.name, subject=subject)).seq == 4


async def publish_payload(bus: Bus, trigger: TriggerId) -> None:
    await bus.publish(Outgoing(delivery_subject(trigger, 0), body(0), f"payload-{trigger}"))


async def test_no_stream_drops_what_is_old_for_what_is_new(bus: Bus) -> None:
    for info in await bus.jetstream.streams_info():
        assert info.config.discard == "new", info.config.name
    assert EVENTS.kept_seconds
