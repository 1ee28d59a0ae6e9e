"""When an attempt lends its slot, how many jobs a process may have then, and who hears of news."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.job_requests import News
from tisktask_runner.attempt.lending import LENT_AFTER_SECONDS, Lending
from tisktask_runner.news import NewsDesk
from tisktask_runner.slots import Slots

numbers = st.integers(0, 2000)


async def test_a_wait_that_lasts_lends_the_slot_once_whatever_else_waits() -> None:
    changes: list[bool] = []
    lending = Lending(lambda: changes.append(lending.is_lent))

    async def wait(until: asyncio.Event) -> None:
        async with lending.lent():
            await until.wait()

    first, second = asyncio.Event(), asyncio.Event()
    waits = [asyncio.create_task(wait(first)), asyncio.create_task(wait(second))]
    async with asyncio.timeout(10):
        while lending._lasting < 2:
            await asyncio.sleep(0)
        first.set()
        await waits[0]
        assert lending.is_lent
        second.set()
        await waits[1]
    assert changes == [True, False]


async def test_a_wait_for_a_moment_lends_nothing() -> None:
    changes: list[None] = []
    lending = Lending(lambda: changes.append(None))
    async with lending.lent():
        assert not lending.is_lent
    loop = asyncio.get_running_loop()
    passed = asyncio.Event()
    loop.call_later(LENT_AFTER_SECONDS * 2, passed.set)
    await passed.wait()
    assert changes == [] and not lending.is_lent


async def test_a_wait_that_is_cancelled_takes_its_slot_back() -> None:
    lending = Lending()
    lent = asyncio.Event()

    async def wait() -> None:
        async with lending.lent():
            await lent.wait()

    task = asyncio.create_task(wait())
    async with asyncio.timeout(10):
        while not lending.is_lent:
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not lending.is_lent


@given(own=st.integers(1, 1024), most=numbers, lent=numbers)
def test_however_many_wait_one_more_may_work(own: int, most: int, lent: int) -> None:
    allowed = Slots(own, most).allowed(lent)
    assert lent < allowed <= own + lent


@given(own=st.integers(1, 1024), most=numbers, lent=numbers)
def test_up_to_the_limit_all_slots_work(own: int, most: int, lent: int) -> None:
    allowed = Slots(own, most).allowed(lent)
    assert allowed - lent == own if lent <= most else allowed == max(own + most, lent + 1)


def test_news_wake_those_who_wait_for_them_alone() -> None:
    desk = NewsDesk()
    with desk.listening("run_1", ["jobs", "key:YQ=="]) as ours, desk.listening("run_2", ["jobs"]) as others:
        desk.tell(News(scope="run_1", topics=["key:YQ==", "lock:x"]))
        assert ours.is_set() and not others.is_set()
        ours.clear()
        desk.wake_all()
        assert ours.is_set() and others.is_set()
    desk.tell(News(scope="run_1", topics=["jobs"]))
    assert desk._waiting == {}
