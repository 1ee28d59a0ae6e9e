"""What people see on the forge while a run goes on."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest

from forge import Flavour, Forge
from reporter_events import SHA, RunStory
from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import open_pool
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_reporter.store import Store
from tisktask_reporter.upkeep import delete_old_statuses

from .conftest import Site, eventually

#: Where all forges are treated alike, one of them shows it.
ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
MakeForge = Callable[..., Awaitable[Forge]]


async def test_a_run_and_its_jobs_are_shown_pending_then_at_their_end(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    events = story.whole({"build": JobState.SUCCEEDED, "test": JobState.FAILED}, RunState.FAILED)
    await site.publish(*events[:-3])
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    names = ("tisktask/push", "tisktask/push/build", "tisktask/push/test")
    assert {name: one.state for name, one in shown.items()} == dict.fromkeys(names, "pending")
    await site.publish(*events[-3:])
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == {
        "tisktask/push": "failure",
        "tisktask/push/build": "success",
        "tisktask/push/test": "failure",
    }
    assert shown["tisktask/push"].description == "1 of 2 jobs passed in 41 s"
    assert shown["tisktask/push/build"].description == "passed in 2.1 s"
    assert {one.target_url for one in shown.values()} == {f"https://ci.example.com/runs/{story.run_id}"}
    assert len(forge.posts) == 6


async def test_every_end_of_a_run_has_its_state(site: Site, forge: Forge) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    ends = {
        RunState.SUCCEEDED: "success",
        RunState.FAILED: "failure",
        RunState.TIMED_OUT: "failure",
        RunState.ERRORED: "error",
        RunState.CANCELLED: "error",
    }
    stories = {end: RunStory(forge=forge.state.flavour, event=end.value) for end in ends}
    await site.publish(*[story.created() for story in stories.values()])
    await site.settled()
    await site.publish(*[story.finished(end, reason="a reason") for end, story in stories.items()])
    await site.settled()
    for end, state in ends.items():
        assert forge.state.states("me/app", SHA, f"tisktask/{end.value}") == ["pending", state]


async def test_every_end_of_a_job_has_its_state(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    ends = {
        JobState.SUCCEEDED: "success",
        JobState.FAILED: "failure",
        JobState.TIMED_OUT: "failure",
        JobState.ERRORED: "error",
        JobState.CANCELLED: "error",
    }
    await site.publish(*[story.job_created(end.value) for end in ends])
    await site.settled()
    await site.publish(*[story.job_finished(end.value, end) for end in ends])
    await site.settled()
    for end, state in ends.items():
        assert forge.state.states("me/app", SHA, f"tisktask/push/{end.value}") == ["pending", state]


@pytest.mark.parametrize(
    ("flavour", "version", "state"),
    [
        (Flavour.GITHUB, None, "success"),
        (Flavour.FORGEJO, "16.0.0+gitea-1.22.0", "skipped"),
        (Flavour.FORGEJO, "15.0.3+gitea-1.22.0", "success"),
        (Flavour.GITEA, "1.26.3", "skipped"),
        (Flavour.GITEA, "1.24.7", "success"),
    ],
)
async def test_skipped_is_shown_as_such_where_the_forge_knows_it(
    site: Site, make_forge: MakeForge, flavour: Flavour, version: str | None, state: str
) -> None:
    forge = await make_forge(flavour, version)
    story = RunStory(forge=flavour)
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    await site.publish(
        story.created(), story.job_finished("lint", JobState.SKIPPED, None), story.finished(RunState.SKIPPED)
    )
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {one.state for one in shown.values()} == {state}
    assert all("skipped" in (one.description or "") for one in shown.values())
    probes = [one for one in forge.exchanges if one.path.endswith("/version")]
    assert len(probes) <= 2


async def test_a_preparation_has_no_status_of_its_own(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    await site.publish(
        story.created(),
        story.job_created("prepare", JobKind.PREPARE),
        story.job_finished("prepare", JobState.FAILED, kind=JobKind.PREPARE),
        story.finished(RunState.FAILED, reason="the image could not be built"),
    )
    await site.settled()
    (shown,) = forge.state.shown("me/app", SHA).values()
    assert (shown.context, shown.description) == ("tisktask/push", "failed after 41 s: the image could not be built")


async def test_long_and_odd_names_and_reasons_are_accepted(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    names = ["x" * 400 + "1", "x" * 400 + "2", "tab\there", "ünïcödé ✓"]
    await site.publish(
        *[story.job_finished(name, JobState.ERRORED, reason="no\x00\x1b[31m" + "é" * 300) for name in names]
    )
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert len(shown) == 4
    assert all(len(one.context) <= 255 and len(one.description or "") <= 140 for one in shown.values())


@ON_GITHUB
async def test_a_newer_run_of_the_same_commit_takes_the_place_of_the_older(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    newer = RunStory(forge=forge.state.flavour, number=2)
    await site.publish(story.created(), newer.created(), story.finished(RunState.FAILED))
    await site.settled()
    shown = forge.state.shown("me/app", SHA)["tisktask/push"]
    assert (shown.state, shown.target_url) == ("pending", f"https://ci.example.com/runs/{newer.run_id}")


async def test_a_local_repository_has_nothing_to_report(site: Site) -> None:
    site.start_reporter()
    await site.publish(*RunStory(forge="local").whole({"build": JobState.SUCCEEDED}, RunState.SUCCEEDED))
    await site.settled()
    assert await site.rows() == []


@ON_GITHUB
async def test_a_repository_whose_forge_takes_no_statuses_is_closed(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, None)
    site.credentials.repositories["repo_1"].api_url = ""
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    assert (await site.row())["outcome"] == "closed"
    assert forge.exchanges == []


@ON_GITHUB
async def test_a_token_that_comes_later_makes_the_statuses_appear(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, None)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    assert "no token" in (await site.row())["error"]
    site.know(forge, forge.state.add_token("robot"))
    await site.announce_change()
    await eventually(lambda: "tisktask/push" in forge.state.shown("me/app", SHA))


@ON_GITHUB
async def test_an_event_of_a_newer_version_is_passed_over(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    await site.bus.publish(Outgoing("run.dreamt.github.me.app", b'{"type": "run.dreamt", "id": "evt_1"}', "evt_1"))
    await site.publish(story.created())
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["pending"]


@ON_GITHUB
async def test_old_statuses_are_forgotten(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter(statuses_kept_days=60)
    newer = RunStory(forge=forge.state.flavour, event="tag")
    await site.publish(story.created(), newer.created())
    await site.settled()
    async with await psycopg.AsyncConnection.connect(site.database_url) as connection:
        await connection.execute(
            "UPDATE reporter.statuses SET wanted_at = now() - interval '31 days' WHERE context = 'tisktask/push'"
        )
    pool = await open_pool(site.settings, "test")
    assert await delete_old_statuses(Store(pool, 10), kept_days=30) == 1
    await pool.close()
    assert [row["context"] for row in await site.rows()] == ["tisktask/tag"]
