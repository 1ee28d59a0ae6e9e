"""Messages that can not be handled: they stop nothing, are kept whole, and can be given to their consumer again."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from nats.aio.msg import Msg

from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.bus.dead_letters import (
    DeadLetter,
    drop_dead_letter,
    list_dead_letters,
    read_dead_letter,
    replay_dead_letter,
)
from tisktask_common.bus.permissions import integrator_consumer
from tisktask_common.bus.provision import provision
from tisktask_common.bus.pull import Puller
from tisktask_common.errors import ConflictError
from tisktask_common.subjects import CONSUMERS, RUNS_FOR_REPORTER, TRIGGERS_FOR_ORCHESTRATOR, Consumer, work_consumer

SUBJECT = "trigger.received.github.octo.demo"
#: Not text, so that a copy that is not byte for byte shows.
POISON = b"\xff\x00\xfe poison"


class Consuming:
    """A handler that chokes on poison until it is cured."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, bytes]] = []
        self.is_cured = False

    async def take(self, message: Msg) -> None:
        if message.data.startswith(b"\xff") and not self.is_cured:
            raise ValueError("can not read\nthis ☠")
        self.handled.append((message.subject, message.data))
        await message.ack()


@asynccontextmanager
async def consuming(bus: Bus, consumer: Consumer) -> AsyncIterator[Consuming]:
    handler = Consuming()
    task = asyncio.create_task(Puller(bus, replace(consumer, deliveries_max=2), handler.take).run())
    yield handler
    task.cancel()
    await asyncio.wait([task])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await condition():
            await asyncio.sleep(0.02)


async def letters_in(bus: Bus) -> list[DeadLetter]:
    return [letter async for letter in list_dead_letters(bus)]


async def buried(bus: Bus) -> DeadLetter:
    async def lies_there() -> bool:
        return bool(await letters_in(bus))

    await until(lies_there)
    (letter,) = await letters_in(bus)
    return letter


@pytest.mark.parametrize(
    ("consumer", "subject"),
    [
        (TRIGGERS_FOR_ORCHESTRATOR, SUBJECT),
        (work_consumer("default"), "work.default.job_1.1"),
        (CONSUMERS[2], "log.host.run_1.job_1.1"),
    ],
    ids=["events", "work", "logs"],
)
async def test_poison_stops_nothing_is_kept_whole_and_is_handled_when_its_cause_is_gone(
    bus: Bus, consumer: Consumer, subject: str
) -> None:
    async with consuming(bus, consumer) as handler:
        await bus.publish(Outgoing(subject, POISON, "poison", {"Trace": "abc"}))
        await bus.publish(Outgoing(f"{subject}.behind", b"good", "good"))
        letter = await buried(bus)
        assert handler.handled == [(f"{subject}.behind", b"good")]
        assert (letter.stream, letter.consumer, letter.subject) == (consumer.stream, consumer.name, subject)
        assert (letter.data, letter.headers, letter.message_id) == (POISON, {"Trace": "abc"}, "poison")
        assert letter.deliveries == 2
        assert letter.error == r"ValueError('can not read\nthis \u2620')"
        handler.is_cured = True
        await replay_dead_letter(bus, letter)

        async def is_handled() -> bool:
            return (subject, POISON) in handler.handled

        await until(is_handled)
        assert await letters_in(bus) == []


async def test_what_is_replayed_reaches_its_own_consumer_alone(bus: Bus) -> None:
    integrator = integrator_consumer("watcher")
    await provision(bus.client, 1, [*CONSUMERS, integrator])
    async with (
        consuming(bus, TRIGGERS_FOR_ORCHESTRATOR) as own,
        consuming(bus, RUNS_FOR_REPORTER) as reporter,
        consuming(bus, integrator) as watcher,
    ):
        watcher.is_cured = True
        await bus.publish(Outgoing(SUBJECT, POISON, "poison"))
        letter = await buried(bus)
        own.is_cured = True
        await replay_dead_letter(bus, letter)
        # Behind it, heard by the others too: when this has come, the replayed one would have.
        await bus.publish(Outgoing("run.created.github.octo.demo", b"barrier", "barrier"))

        async def all_came() -> bool:
            return bool(own.handled) and bool(reporter.handled) and len(watcher.handled) > 1

        await until(all_came)
        assert own.handled == [(SUBJECT, POISON)]
        assert reporter.handled == [("run.created.github.octo.demo", b"barrier")]
        assert [data for _, data in watcher.handled] == [POISON, b"barrier"]


async def test_what_fails_again_lies_there_again(bus: Bus) -> None:
    async with consuming(bus, TRIGGERS_FOR_ORCHESTRATOR):
        await bus.publish(Outgoing(SUBJECT, POISON, "poison"))
        first = await buried(bus)
        await replay_dead_letter(bus, first)
        second = await buried(bus)
    assert second.sequence > first.sequence
    assert (second.subject, second.data, second.headers) == (first.subject, first.data, first.headers)


async def test_a_replay_that_was_interrupted_and_is_asked_for_again_is_one_message(bus: Bus) -> None:
    async with consuming(bus, TRIGGERS_FOR_ORCHESTRATOR) as handler:
        await bus.publish(Outgoing(SUBJECT, POISON, "poison"))
        letter = await buried(bus)
        handler.is_cured = True
        await replay_dead_letter(bus, letter)
        await replay_dead_letter(bus, letter)
        await bus.publish(Outgoing(SUBJECT, b"barrier", "barrier"))

        async def barrier_came() -> bool:
            return (SUBJECT, b"barrier") in handler.handled

        await until(barrier_came)
        assert handler.handled == [(SUBJECT, POISON), (SUBJECT, b"barrier")]


async def test_a_dropped_letter_is_gone(bus: Bus) -> None:
    async with consuming(bus, TRIGGERS_FOR_ORCHESTRATOR):
        await bus.publish(Outgoing(SUBJECT, POISON, "poison"))
        letter = await buried(bus)
    assert await drop_dead_letter(bus, letter.sequence)
    assert not await drop_dead_letter(bus, letter.sequence)
    assert await read_dead_letter(bus, letter.sequence) is None


async def test_a_letter_of_the_older_form_is_read_and_replayed(bus: Bus) -> None:
    body = b'{"subject": "%b", "consumer": "orchestrator", "stream": "EVENTS", "sequence": 7, "error": "E()", "data": "{}"}'
    await bus.publish(Outgoing("dead.EVENTS.orchestrator", body % SUBJECT.encode(), "old"))
    async with consuming(bus, TRIGGERS_FOR_ORCHESTRATOR) as handler:
        (letter,) = await letters_in(bus)
        assert (letter.stream_sequence, letter.error, letter.deliveries) == (7, "E()", None)
        await replay_dead_letter(bus, letter)

        async def is_handled() -> bool:
            return handler.handled == [(SUBJECT, b"{}")]

        await until(is_handled)


async def test_consumers_of_the_version_before_are_brought_up_to_date_without_hearing_anything_twice(bus: Bus) -> None:
    config = {"durable_name": "reporter", "ack_policy": "explicit", "deliver_policy": "all", "max_deliver": -1}
    config |= {"ack_wait": 60_000_000_000, "max_ack_pending": -1, "filter_subjects": ["run.>", "job.>"]}
    await bus.jetstream.delete_consumer("EVENTS", "reporter")
    await bus.jetstream._api_request(
        "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.reporter",
        json.dumps({"stream_name": "EVENTS", "config": config}).encode(),
    )
    async with consuming(bus, RUNS_FOR_REPORTER) as handler:
        await bus.publish(Outgoing("run.created.github.octo.demo", b"one", "one"))

        async def one_came() -> bool:
            info = await bus.jetstream.consumer_info("EVENTS", "reporter")
            return len(handler.handled) == 1 and info.num_ack_pending == 0

        await until(one_came)
        await provision(bus.client)
        await bus.publish(Outgoing("run.created.github.octo.demo", b"two", "two"))

        async def two_came() -> bool:
            return len(handler.handled) >= 2

        await until(two_came)
        assert [data for _, data in handler.handled] == [b"one", b"two"]


async def test_a_letter_that_nobody_would_take_is_not_replayed(bus: Bus) -> None:
    async with consuming(bus, TRIGGERS_FOR_ORCHESTRATOR):
        await bus.publish(Outgoing(SUBJECT, POISON, "poison"))
        letter = await buried(bus)
    await bus.jetstream.delete_consumer("EVENTS", "orchestrator")
    with pytest.raises(ConflictError, match="has no consumer orchestrator"):
        await replay_dead_letter(bus, letter)
    assert await letters_in(bus) == [letter]
