"""Channels: what is said is heard by those who listen in the same run, on whatever host."""

import asyncio
import base64
from typing import Any

import psycopg
import pytest
from nats.aio.msg import Msg

from orchestrator_stage import Stage, TestRunner
from run_data_stand import start_jobs
from tisktask_common.errors import RefusedError, UserError
from tisktask_common.job_requests import (
    ChannelMessage,
    DataCommands,
    News,
    Published,
    PublishMessage,
    SetSubscriptions,
)
from tisktask_common.lifecycle import JobState
from tisktask_common.resp import from_json
from tisktask_common.rpc import AttemptRef
from tisktask_common.subjects import message_subject, news_subject


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def signed(runner: TestRunner, work: AttemptRef) -> dict[str, Any]:
    return {"job_id": work.job_id, "attempt": work.attempt, "runner": runner.name}


async def subscribe(runner: TestRunner, work: AttemptRef, **channels: int) -> None:
    counts = {encoded(name.encode()): count for name, count in channels.items()}
    request = SetSubscriptions(**signed(runner, work), connections_by_channel=counts)
    assert (await runner.bus.request(request)).accepted


async def publish(runner: TestRunner, work: AttemptRef, channel: str, message: bytes = b"hello") -> Published:
    request = PublishMessage(**signed(runner, work), channel=encoded(channel.encode()), message=encoded(message))
    return await runner.bus.request(request)


async def listen(stage: Stage, subject: str) -> "asyncio.Queue[Msg]":
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await stage.bus.client.subscribe(subject, cb=heard.put)
    await stage.bus.client.flush()
    return heard


async def test_a_message_goes_to_every_host_with_subscribers(stage: Stage) -> None:
    runner, other = await stage.runner("one"), await stage.runner("two")
    _, works = await stage.start_run(runner, "a", "b", "c")
    for host, name in ((runner, "a"), (runner, "b"), (other, "c")):
        assert (await host.claim(works[name])).granted
        assert (await host.began(works[name])).accepted
    await subscribe(runner, works["a"], news=2)
    await subscribe(runner, works["b"], news=1, sport=1)
    await subscribe(other, works["c"], news=1)
    one, two = await listen(stage, message_subject("one")), await listen(stage, message_subject("two"))
    assert (await publish(runner, works["a"], "news", b"\x00\xff")).receivers == 4
    async with asyncio.timeout(10):
        messages = [ChannelMessage.model_validate_json((await heard.get()).data) for heard in (one, two)]
    (run,) = await stage.rows("SELECT run_id FROM api.jobs WHERE id = %s", works["a"].job_id)
    expected = ChannelMessage(scope=run["run_id"], channel=encoded(b"news"), message=encoded(b"\x00\xff"))
    assert messages == [expected, expected]
    assert (await publish(runner, works["a"], "sport")).receivers == 1
    assert (await publish(runner, works["a"], "weather")).receivers == 0


async def test_nobody_hears_another_run(stage: Stage) -> None:
    runner = await stage.runner()
    one = await start_jobs(stage, runner, "a")
    other = await start_jobs(stage, runner, "a", delivery="d2")
    await subscribe(runner, one["a"], news=1)
    assert (await publish(runner, other["a"], "news")).receivers == 0


async def test_who_has_left_or_ended_hears_nothing(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b")
    await subscribe(runner, works["a"], news=2, sport=1)
    await subscribe(runner, works["a"], news=1)
    assert (await publish(runner, works["b"], "sport")).receivers == 0
    assert (await publish(runner, works["b"], "news")).receivers == 1
    await runner.ended(works["a"], JobState.SUCCEEDED, exit_code=0)
    assert (await publish(runner, works["b"], "news")).receivers == 0
    with pytest.raises(RefusedError):
        await subscribe(runner, works["a"], news=1)
    with pytest.raises(RefusedError):
        await publish(runner, works["a"], "news")


async def test_messages_and_channels_are_bounded(stage: Stage) -> None:
    runner = await stage.runner()
    work = (await start_jobs(stage, runner, "a"))["a"]
    await subscribe(runner, work, news=1)
    heard = await listen(stage, message_subject(runner.name))
    assert (await publish(runner, work, "news", b"x" * 256 * 1024)).receivers == 1
    async with asyncio.timeout(10):
        await heard.get()
    with pytest.raises(UserError, match="message"):
        await publish(runner, work, "news", b"x" * (256 * 1024 + 1))
    with pytest.raises(UserError, match="channel"):
        await publish(runner, work, "c" * 1025)
    with pytest.raises(UserError, match="1000 channels"):
        await subscribe(runner, work, **{f"c{number}": 1 for number in range(1001)})
    with pytest.raises(UserError, match="base64"):
        await runner.bus.request(PublishMessage(**signed(runner, work), channel="?", message=""))


async def test_data_commands_are_answered_and_pushes_are_told(stage: Stage) -> None:
    runner = await stage.runner()
    work = (await start_jobs(stage, runner, "a"))["a"]
    heard = await listen(stage, news_subject(runner.name))
    request = DataCommands(
        **signed(runner, work),
        request_id="r1",
        commands=[[encoded(word) for word in command] for command in ([b"RPUSH", b"list", b"x"], [b"LLEN", b"list"])],
    )
    replies = (await runner.bus.request(request)).replies
    assert [from_json(reply) for reply in replies] == [1, 1]
    async with asyncio.timeout(10):
        news = News.model_validate_json((await heard.get()).data)
    (run,) = await stage.rows("SELECT run_id FROM api.jobs WHERE id = %s", work.job_id)
    assert news == News(scope=run["run_id"], topics=[f"key:{encoded(b'list')}"])


async def test_runs_that_wait_for_their_data_do_not_keep_heartbeats_waiting(stage: Stage) -> None:
    runner = await stage.runner()
    work = (await start_jobs(stage, runner, "a"))["a"]
    request = DataCommands(**signed(runner, work), request_id="0", commands=[[encoded(b"INCR"), encoded(b"n")]])
    await runner.bus.request(request)
    async with await psycopg.AsyncConnection.connect(stage.database_url) as connection:
        await connection.execute("SELECT FROM orchestrator.run_data FOR UPDATE")
        others = [request.model_copy(update={"request_id": str(number)}) for number in range(1, 30)]
        asking = [asyncio.create_task(runner.bus.request(other, patience_seconds=40)) for other in others]
        for _ in range(5):
            await runner.heartbeat(work)
        assert not any(task.done() for task in asking)
    replies = [from_json((await task).replies[0]) for task in asking]
    assert sorted(map(str, replies)) == sorted(str(number) for number in range(2, 31))
