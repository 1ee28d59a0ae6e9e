"""What a consumer can not handle stops nothing behind it, and lies there for a person. Tried with each real consumer."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest_payloads import SECRET, delivery, push
from logstream_chunks import make_chunk
from nats_server import NatsServer
from orchestrator_stage import Stage, TestRunner, eventually, make_settings
from service_processes import START_SECONDS, ServiceProcesses, service_processes
from stack import COMMAND
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.bus.dead_letters import list_dead_letters
from tisktask_common.log_chunk import encode
from tisktask_common.rpc import AttemptRef
from tisktask_common.subjects import (
    LOGS_FOR_LOGSTREAM,
    MESSAGE_BYTES_MAX,
    RUNS_FOR_REPORTER,
    TRIGGERS_FOR_ORCHESTRATOR,
    Consumer,
)

#: Subjects that the consumer hears, also such as nobody of ours would use; and what its events say that they are.
HEARD = (
    (TRIGGERS_FOR_ORCHESTRATOR, ["trigger.received.github.octo.app", "trigger.received.x"], "trigger.received"),
    (RUNS_FOR_REPORTER, ["run.created.github.octo.app", "job.finished.github.octo.app"], "run.created"),
    (LOGS_FOR_LOGSTREAM, ["log.host.run_1.job_1.1", "log.host", "log.host.run_1.%2F.job_1.-7", "log.a.b.c.d.e.f"], ""),
)


def poisons(kind: str) -> list[bytes]:
    """Garbage, JSON of a wrong shape, and as much as fits into a message."""
    shapes: list[Any] = [{"type": kind, "run_id": 5, "repository": []}, {"type": kind}]
    if not kind:
        return [b"\xff\x00\xfe", b"", b"\x01" * 13, b"\x01" + b"\xff" * (MESSAGE_BYTES_MAX - 1000)]
    huge = {"type": kind, "run_id": "x" * (MESSAGE_BYTES_MAX - 1000)}
    return [b"\xff\x00\xfe", b"[" * 100_000, *(json.dumps(shape).encode() for shape in [*shapes, huge])]


@asynccontextmanager
async def working(services: ServiceProcesses, bus: Bus) -> AsyncIterator[tuple[Stage, TestRunner]]:
    stage = Stage(bus, services.nats.url, services.database_url, make_settings("", ""))
    services.start("ingest", "orchestrator", "reporter", "logstream")
    await eventually(services.are_ready, "all are ready", START_SECONDS)
    await stage.add_repository("octo/app", sealed_webhook_secret=await stage.seal(SECRET))
    runner = await stage.runner()
    yield stage, runner
    await runner.bus.close()


@pytest.mark.timeout(120)
async def test_poison_for_every_service_lies_with_its_error_and_what_is_behind_it_is_handled(
    bus: Bus, nats_server: NatsServer, database_url: str, tmp_path: Path
) -> None:
    buried: dict[str, list[bytes]] = {}
    for consumer, subjects, kind in HEARD:
        sent = [(subject, data) for subject in subjects for data in poisons(kind)]
        for number, (subject, data) in enumerate(sent):
            await bus.publish(Outgoing(subject, data, f"{consumer.name}-{number}"))
        await wear_out(bus, consumer, len(sent))
        buried[consumer.name] = [data for _, data in sent]
    # Plain subscriptions: what is heard there has no second chance, and must harm nobody.
    for data in poisons("repository.changed"):
        await bus.publish(Outgoing("repository.changed.github.octo.app", data, str(hash(data))))

    async with (
        service_processes(tmp_path, nats_server, database_url) as services,
        working(services, bus) as (stage, host),
    ):
        for data in poisons("repository.changed"):
            await bus.client.publish("repository.changed.github.octo.app", data)
            await bus.client.publish("control.host", data)
        await is_all_handled(services, stage, host)

        async def all_lie_there() -> bool:
            return len([letter async for letter in list_dead_letters(bus)]) >= sum(map(len, buried.values()))

        await eventually(all_lie_there, "all poison is with the dead letters")
        letters = [letter async for letter in list_dead_letters(bus)]
        for name, data in buried.items():
            own = [letter for letter in letters if letter.consumer == name]
            assert sorted(letter.data for letter in own) == sorted(data)
            assert all(letter.error and letter.deliveries == 20 for letter in own)
        await see_and_replay(bus, nats_server)
        assert await services.are_ready()


async def wear_out(bus: Bus, consumer: Consumer, count: int) -> None:
    """Let each message fail nineteen times: with a service that takes minutes, for it pauses in between."""
    subscription = await bus.jetstream.pull_subscribe_bind(consumer.name, consumer.stream)
    for _ in range(consumer.deliveries_max - 1):
        taken = 0
        while taken < count:
            for message in await subscription.fetch(count - taken, timeout=5):
                await message.nak()
                taken += 1
    await subscription.unsubscribe()


async def is_all_handled(services: ServiceProcesses, stage: Stage, host: TestRunner) -> None:
    """What came behind it goes its way: a webhook, its run, its log, its status."""

    async def is_taken() -> bool:
        return (await services.deliver(delivery("github", "push", push())))[0] == 202

    await eventually(is_taken, "ingest takes a delivery")
    await host.prepare(await stage.next_work(), "build")
    work = await stage.next_work()
    assert (await host.claim(work)).granted
    await host.began(work)
    await send_log(stage, work)

    async def log_is_there() -> bool:
        lines = (await services.api(f"/jobs/{work.job_id}/log?from_line=1"))["lines"]
        return [line["text"] for line in lines] == ["behind the poison"]

    await eventually(log_is_there, "the log is stored")

    async def is_reported() -> bool:
        return bool(await stage.rows("SELECT state FROM reporter.statuses"))

    await eventually(is_reported, "the reporter has heard of the run")


async def send_log(stage: Stage, work: AttemptRef) -> None:
    (job,) = await stage.rows("SELECT run_id FROM api.jobs WHERE id = %s", work.job_id)
    chunk = encode(make_chunk(0, b"behind the poison\n", is_last=True))
    await stage.bus.publish(Outgoing(f"log.host.{job['run_id']}.{work.job_id}.{work.attempt}", chunk, "good"))


async def see_and_replay(bus: Bus, nats: NatsServer) -> None:
    """A person sees them and has each handled once more; they fail again, and harm nobody again."""
    listed = json.loads(await tisktask(nats, "list", "--json"))["items"]
    assert {item["consumer"] for item in listed} == {consumer.name for consumer, *_ in HEARD}
    shown = await tisktask(nats, "show", str(listed[0]["sequence"]))
    assert listed[0]["subject"] in shown
    await tisktask(nats, "replay", "--all")
    assert json.loads(await tisktask(nats, "list", "--json"))["items"] == []
    for consumer, *_ in HEARD:

        async def is_with_its_consumer(consumer: Consumer = consumer) -> bool:
            info = await bus.jetstream.consumer_info(consumer.stream, consumer.name)
            return not info.num_pending

        await eventually(is_with_its_consumer, f"{consumer.name} has taken what was replayed")


async def tisktask(nats: NatsServer, *arguments: str) -> str:
    environment = os.environ | {"TISKTASK_NATS_URL": nats.url, "NO_COLOR": "1"}
    done = await asyncio.to_thread(
        subprocess.run,
        [COMMAND, "bus", "dead", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
