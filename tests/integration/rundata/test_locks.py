"""Locks: one holder in all runs of a repository, in turn, and never kept by who is gone."""

import asyncio
from typing import Any

import pytest
from nats.aio.msg import Msg

from nats_server import NatsServer
from orchestrator_stage import Stage, TestRunner, eventually, staging
from run_data_stand import start_jobs
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError, RefusedError, UserError
from tisktask_common.job_requests import LockReply, News, ReleaseLock, TakeLock
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import Accepted, AttemptRef
from tisktask_common.subjects import news_subject
from tisktask_orchestrator.commands.locks import LOCKS_PER_JOB_MAX


async def lock(runner: TestRunner, work: AttemptRef, name: str = "deploy", **fields: Any) -> LockReply:
    request = TakeLock(job_id=work.job_id, attempt=work.attempt, runner=runner.name, name=name, **fields)
    return await runner.bus.request(request)


async def wait_for_lock(runner: TestRunner, work: AttemptRef) -> LockReply:
    return await lock(runner, work, is_waiting=True)


async def unlock(runner: TestRunner, work: AttemptRef, name: str = "deploy") -> Accepted:
    request = ReleaseLock(job_id=work.job_id, attempt=work.attempt, runner=runner.name, name=name)
    return await runner.bus.request(request)


async def test_one_job_of_all_runs_has_a_lock_and_has_it_again(stage: Stage) -> None:
    runner = await stage.runner()
    first = (await start_jobs(stage, runner, "deploy"))["deploy"]
    other = (await start_jobs(stage, runner, "deploy", delivery="d2"))["deploy"]
    assert (await lock(runner, first)).is_taken
    assert (await lock(runner, first)).is_taken
    refused = await lock(runner, other)
    assert not refused.is_taken
    assert refused.holder.startswith("job deploy of run #1 (since ")
    assert refused.holder.endswith(" UTC)")
    assert (await lock(runner, other, "another")).is_taken
    assert (await unlock(runner, first)).accepted
    assert not (await unlock(runner, first)).accepted
    assert (await lock(runner, other)).is_taken


async def test_who_waits_has_it_in_the_order_of_coming(stage: Stage) -> None:
    runner = await stage.runner(slots=8)
    works = await start_jobs(stage, runner, "a", "b", "c", "d")
    assert (await lock(runner, works["a"])).is_taken
    for name in ("b", "c"):
        assert not (await wait_for_lock(runner, works[name])).is_taken
    await unlock(runner, works["a"])
    # It is free, but others have come before.
    late = await lock(runner, works["d"])
    assert not late.is_taken
    assert late.holder.startswith("job b of run #1 (waiting since ")
    assert not (await wait_for_lock(runner, works["c"])).is_taken
    assert (await wait_for_lock(runner, works["b"])).is_taken
    await unlock(runner, works["b"])
    # Who gives up is not waited for.
    assert (await unlock(runner, works["c"])).accepted
    assert (await lock(runner, works["d"])).is_taken


async def test_who_asks_no_more_loses_its_place(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b", "c")
    await lock(runner, works["a"])
    await wait_for_lock(runner, works["b"])
    await stage.rows("UPDATE orchestrator.lock_waiters SET asked_at = now() - interval '11 seconds'")
    await wait_for_lock(runner, works["c"])
    await unlock(runner, works["a"])
    assert not (await wait_for_lock(runner, works["b"])).is_taken
    assert (await wait_for_lock(runner, works["c"])).is_taken


async def test_a_lock_is_free_when_its_time_is_over(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b")
    assert (await lock(runner, works["a"], seconds_max=0.05)).is_taken

    async def has_it() -> bool:
        return (await lock(runner, works["b"])).is_taken

    await eventually(has_it, "the lock's time is over")
    lost = await unlock(runner, works["a"])
    assert not lost.accepted
    assert "TTL" in lost.reason


async def test_a_lock_is_free_when_its_job_ends_and_who_waits_hears_of_it(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b")
    await lock(runner, works["a"])
    await wait_for_lock(runner, works["b"])
    heard: asyncio.Queue[Msg] = asyncio.Queue()
    await stage.bus.client.subscribe(news_subject(runner.name), cb=heard.put)
    await stage.bus.client.flush()
    await runner.ended(works["a"], JobState.FAILED, exit_code=1)
    assert (await wait_for_lock(runner, works["b"])).is_taken
    (repository,) = await stage.rows("SELECT id FROM api.repositories")
    async with asyncio.timeout(10):
        while (news := News.model_validate_json((await heard.get()).data)).scope != repository["id"]:
            pass
    assert news.topics == ["lock:deploy"]


async def test_a_job_that_has_ended_takes_no_lock(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b")
    await wait_for_lock(runner, works["a"])
    await runner.ended(works["a"], JobState.SUCCEEDED, exit_code=0)
    with pytest.raises(RefusedError):
        await lock(runner, works["a"])
    assert await stage.rows("SELECT * FROM orchestrator.locks") == []
    assert await stage.rows("SELECT * FROM orchestrator.lock_waiters") == []


async def test_a_lock_is_free_when_its_host_is_lost(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, lease_seconds=0.6) as stage:
        lost = await stage.runner("lost")
        works = await start_jobs(stage, lost, "a")
        assert (await lock(lost, works["a"])).is_taken
        living = await stage.runner("living")
        beating = asyncio.create_task(beat(living))
        try:
            others = await start_jobs(stage, living, "b", delivery="d2")
            beating.cancel()
            beating = asyncio.create_task(beat(living, others["b"]))

            async def has_it() -> bool:
                return (await wait_for_lock(living, others["b"])).is_taken

            await eventually(has_it, "the lost host's lock is free")
        finally:
            beating.cancel()
        with pytest.raises(RefusedError):
            await lock(lost, works["a"])


async def beat(runner: TestRunner, *held: AttemptRef) -> None:
    while True:
        await runner.heartbeat(*held)
        await asyncio.sleep(0.1)


async def test_a_new_attempt_does_not_have_what_the_lost_one_had(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url, lease_seconds=0.6) as stage:
        runner = await stage.runner()
        _, works = await stage.start_run(runner, "a")
        assert (await runner.claim(works["a"])).granted
        assert (await lock(runner, works["a"])).is_taken
        job = await stage.wait_for_job(works["a"], "queued")
        assert job["attempt"] == 2
        assert await stage.rows("SELECT * FROM orchestrator.locks") == []


async def test_a_lock_of_an_attempt_that_is_over_is_free_even_if_nobody_has_taken_it_away(stage: Stage) -> None:
    runner = await stage.runner()
    works = await start_jobs(stage, runner, "a", "b")
    assert (await lock(runner, works["a"])).is_taken
    await stage.rows("UPDATE orchestrator.jobs SET attempt = 2 WHERE id = %s", works["a"].job_id)
    assert (await lock(runner, works["b"])).is_taken


async def test_what_can_not_be_a_lock_is_refused(stage: Stage) -> None:
    runner = await stage.runner()
    work = (await start_jobs(stage, runner, "a"))["a"]
    for name in ("", "x" * 201, "new\r\nline"):
        with pytest.raises(UserError, match="name"):
            await lock(runner, work, name)
    for seconds in (0, -1, 1e12):
        with pytest.raises(UserError, match="TTL"):
            await lock(runner, work, seconds_max=seconds)
    for number in range(LOCKS_PER_JOB_MAX):
        assert (await lock(runner, work, f"lock {number}")).is_taken
    with pytest.raises(ConflictError, match="UNLOCK"):
        await lock(runner, work, "one more")
    assert (await lock(runner, work, "lock 0")).is_taken


async def test_of_many_who_ask_at_once_one_has_it(stage: Stage) -> None:
    runner = await stage.runner(slots=8)
    names = [f"j{number}" for number in range(6)]
    works = await start_jobs(stage, runner, *names)
    waiting = set(names)
    for _ in range(len(names)):
        replies = await asyncio.gather(*(wait_for_lock(runner, works[name]) for name in sorted(waiting)))
        (holder,) = [name for name, reply in zip(sorted(waiting), replies, strict=True) if reply.is_taken]
        waiting.discard(holder)
        await unlock(runner, works[holder])
