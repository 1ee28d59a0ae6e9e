"""Runs whose states are not at their forge yet are not deleted; the others are forgotten with their run."""

import psycopg
import pytest

from forge import Flavour, Forge
from reporter_events import RunStory
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import JobState, RunState
from tisktask_common.run_deletion import ListUndelivered
from tisktask_reporter.deletions import FORGOTTEN_AFTER_SECONDS

from .conftest import Site, eventually

ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)


@ON_GITHUB
async def test_what_is_not_delivered_is_needed_until_it_is(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.credentials.is_away = True
    site.start_reporter()
    await site.publish(*story.whole({"build": JobState.SUCCEEDED}, RunState.SUCCEEDED))
    question = ListUndelivered(run_ids=[RunId("run_other"), story.run_id])

    async def needed() -> list[RunId]:
        return (await site.bus.request(question)).run_ids

    async def is_needed() -> bool:
        return await needed() == [story.run_id]

    await eventually(is_needed)
    site.credentials.is_away = False
    await site.settled()
    assert await needed() == []


@ON_GITHUB
async def test_a_deleted_run_is_forgotten_when_no_event_of_it_can_come_again(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    other = RunStory(sha="6e" * 20, number=2)
    for one in (story, other):
        await site.publish(*one.whole({"build": JobState.SUCCEEDED}, RunState.SUCCEEDED))
    await site.settled()
    posts = len(forge.posts)
    await site.publish(story.deleted())
    await site.settled()
    # An event of the run could come again: with nothing to compare it with it would be posted once more.
    assert {row["run_id"] for row in await site.rows()} == {story.run_id, other.run_id}
    async with await psycopg.AsyncConnection.connect(site.database_url, autocommit=True) as connection:
        await connection.execute(
            "UPDATE reporter.statuses SET wanted_at = now() - make_interval(secs => %s)", [FORGOTTEN_AFTER_SECONDS + 1]
        )
    await site.publish(story.deleted())

    async def is_forgotten() -> bool:
        return {row["run_id"] for row in await site.rows()} == {other.run_id}

    await eventually(is_forgotten)
    assert len(forge.posts) == posts
