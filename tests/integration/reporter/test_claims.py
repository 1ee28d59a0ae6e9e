"""Of all who could post a status, one does at a time; who comes late changes nothing."""

from collections.abc import AsyncIterator

import pytest

from reporter_events import RunStory
from tisktask_common.database.pool import open_pool
from tisktask_common.events import RunEvent
from tisktask_common.lifecycle import RunState
from tisktask_reporter.accounts import Pace
from tisktask_reporter.fold import desired_status
from tisktask_reporter.status import DesiredStatus, StatusKey
from tisktask_reporter.store import Claim, Store

from .conftest import Site, eventually


@pytest.fixture
async def store(site: Site) -> AsyncIterator[Store]:
    pool = await open_pool(site.settings, "test")
    yield Store(pool, site.settings.description_seconds_min)
    await pool.close()


async def _claim(store: Store, key: StatusKey, seconds: float) -> Claim | None:
    await store.save_account(key.repository_id, "robot", 4)
    return await store.claim_status(key, "robot", Pace(4), seconds)


def _desired(event: RunEvent) -> DesiredStatus:
    desired = desired_status(event, "https://ci.example.com")
    assert desired
    return desired


async def test_a_status_is_claimed_by_one_only_also_when_something_newer_is_wanted(store: Store) -> None:
    story = RunStory()
    pending, end = _desired(story.created()), _desired(story.finished(RunState.SUCCEEDED))
    assert await store.save_desired_status(pending)
    claim = await _claim(store, pending.key, 60)
    assert claim
    assert await store.save_desired_status(end)
    assert await _claim(store, pending.key, 60) is None
    assert await store.find_due_statuses(10) == []
    assert await store.settle_delivered_status(claim)
    assert await store.find_due_statuses(10) == [end.key]
    second = await _claim(store, end.key, 60)
    assert second
    assert second.shown == end.shown


async def test_whose_claim_has_run_out_and_was_taken_over_can_write_nothing(site: Site, store: Store) -> None:
    pending = _desired(RunStory().created())
    await store.save_desired_status(pending)
    late = await _claim(store, pending.key, 0.05)
    assert late

    async def is_free() -> bool:
        return bool(await store.find_due_statuses(10))

    await eventually(is_free)
    claim = await _claim(store, pending.key, 60)
    assert claim
    assert not await store.settle_delivered_status(late)
    assert not await store.give_up_status(late, "late")
    assert not await store.retry_status(late, 0, "late", is_fault=True)
    assert await store.settle_delivered_status(claim)
    assert (await site.row())["outcome"] == "delivered"


async def test_giving_up_the_old_state_does_not_give_up_the_new_one(store: Store) -> None:
    story = RunStory()
    pending, end = _desired(story.created()), _desired(story.finished(RunState.SUCCEEDED))
    await store.save_desired_status(pending)
    claim = await _claim(store, pending.key, 60)
    assert claim
    await store.save_desired_status(end)
    await store.give_up_status(claim, "no")
    assert await store.find_due_statuses(10) == [end.key]
