"""Locks of the repository, of jobs of several runs."""

import asyncio

import pytest
import redis

from jobsocket_stand import SocketOfJob, SocketStand


async def rivals(stand: SocketStand) -> tuple[SocketOfJob, SocketOfJob]:
    parent = await stand.start()
    return parent, await stand.start_child(parent, await parent.call("SPAWNJOB", "push/lint"))


async def test_one_has_it_and_the_next_gets_it_when_it_is_given_back(stand: SocketStand):
    first, second = await rivals(stand)
    assert await first.call("LOCK", "deploy") == "OK"
    waiting = asyncio.create_task(second.call("LOCK", "deploy"))
    await second.until_lent()
    async with asyncio.timeout(1.5):
        assert await first.call("UNLOCK", "deploy") == "OK"
        assert await waiting == "OK"
    with pytest.raises(redis.ResponseError, match="LOCKED deploy is held by "):
        await first.call("LOCK", "deploy", "WAIT", "0")


async def test_it_is_granted_again_to_who_has_it(stand: SocketStand):
    first, _ = await rivals(stand)
    assert [await first.call("LOCK", "deploy", "WAIT", "0") for _ in range(2)] == ["OK", "OK"]


async def test_it_is_free_when_its_job_ends(stand: SocketStand):
    first, second = await rivals(stand)
    await first.call("LOCK", "deploy")
    waiting = asyncio.create_task(second.call("LOCK", "deploy", "WAIT", "10"))
    await second.until_lent()
    await first.job.end()
    assert await waiting == "OK"


async def test_it_is_free_when_its_time_is_up(stand: SocketStand):
    first, second = await rivals(stand)
    await first.call("LOCK", "deploy", "TTL", "0.3")
    assert await second.call("LOCK", "deploy", "WAIT", "10") == "OK"


async def test_who_gives_up_is_not_in_the_way_of_others(stand: SocketStand):
    first, second = await rivals(stand)
    await first.call("LOCK", "deploy")
    with pytest.raises(redis.ResponseError, match="LOCKED"):
        await second.call("LOCK", "deploy", "WAIT", "0.1")
    client = second.client()
    waiting = asyncio.create_task(client.execute_command("LOCK", "deploy"))
    await second.until_lent()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await client.aclose()
    await first.call("UNLOCK", "deploy")
    async with asyncio.timeout(10):
        while await stand.stage.rows("SELECT 1 FROM orchestrator.lock_waiters"):
            await asyncio.sleep(0.02)
    assert await first.call("LOCK", "deploy", "WAIT", "0") == "OK"


async def test_who_is_left_to_the_next_process_keeps_its_place(stand: SocketStand):
    """A runner that is upgraded closes its sockets: clients come again, and must not have to queue anew."""
    first, second = await rivals(stand)
    await first.call("LOCK", "deploy")
    waiting = asyncio.create_task(second.call("LOCK", "deploy"))
    await second.until_lent()
    second.voice.is_closing = True
    await second.socket.close()
    await second.voice.fall_silent()
    with pytest.raises(redis.ConnectionError):
        await waiting
    assert await stand.stage.rows("SELECT 1 FROM orchestrator.lock_waiters")


async def test_only_who_has_it_gives_it_back(stand: SocketStand):
    first, second = await rivals(stand)
    await first.call("LOCK", "deploy")
    with pytest.raises(redis.ResponseError):
        await second.call("UNLOCK", "deploy")
    with pytest.raises(redis.ResponseError, match="LOCKED"):
        await second.call("LOCK", "deploy", "WAIT", "0")
