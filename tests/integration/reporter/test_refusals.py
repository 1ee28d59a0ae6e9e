"""What becomes of statuses when forges move, refuse or do not know."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest
from aiohttp import web

from forge import Flavour, Forge, Reply, Rights
from reporter_events import SHA, RunStory
from tisktask_common.lifecycle import RunState

from .conftest import Site, eventually

#: Where all forges are treated alike, one of them shows it.
ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
MakeForge = Callable[..., Awaitable[Forge]]
OTHER_SHA = "e7" * 20


async def test_a_renamed_repository_is_followed_by_posting_again(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.state.rename("me/app", "me/new-name")
    site.start_reporter()
    await site.publish(story.created(), story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.states("me/new-name", SHA, "tisktask/push")[-1] == "success"
    assert not any("/statuses/" in one.path for one in forge.exchanges if one.method != "POST")
    # From then on it is spoken to by its new name.
    await eventually(lambda: site.credentials.repositories["repo_1"].full_name == "me/new-name")
    before = len(forge.posts)
    await site.publish(story.job_created("build"))
    await site.settled()
    assert [one.status for one in forge.posts[before:]] == [201]


@ON_GITEA
async def test_a_redirect_to_another_host_is_refused_and_the_token_stays_here(
    site: Site, forge: Forge, story: RunStory, unused_tcp_port: int
) -> None:
    strangers: list[web.Request] = []

    async def note(request: web.Request) -> web.Response:
        strangers.append(request)
        return web.json_response({}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Reply(307, None, {"Location": f"http://127.0.0.1:{unused_tcp_port}/repos/me/app/statuses/{SHA}"}))
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    await runner.cleanup()
    assert strangers == []
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "redirects to 127.0.0.1" in row["error"]


@ON_GITHUB
async def test_redirects_in_a_circle_end(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Reply(301, None, {"Location": "/here"}), times=50)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    assert len(forge.posts) == 4
    assert "circle" in (await site.row())["error"]


async def test_a_wrong_token_is_said_and_not_tried_again_and_again(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, "wrong-token-1234")
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    assert "refuses the token (401" in (await site.row())["error"]
    await site.publish(story.job_created("build"), story.job_created("test"), story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert {row["outcome"] for row in await site.rows()} == {"given_up"}
    assert len(forge.posts) == 1
    site.know(forge, forge.state.add_token("robot"))
    await site.announce_change()
    await eventually(lambda: len(forge.state.shown("me/app", SHA)) == 3)
    assert forge.state.shown("me/app", SHA)["tisktask/push"].state == "success"


@ON_GITHUB
async def test_a_new_token_is_asked_for_when_the_old_one_is_refused(site: Site, forge: Forge, story: RunStory) -> None:
    old = forge.state.add_token("robot")
    site.know(forge, old)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    forge.state.revoke_token(old)
    site.know(forge, forge.state.add_token("robot"))
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["pending", "success"]


async def test_missing_rights_are_said(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot", Rights.READ))
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert (row["outcome"], len(forge.posts)) == ("given_up", 1)
    assert "may not set statuses (403" in row["error"]
    if forge.state.flavour is Flavour.GITHUB:
        assert "statuses=write" in row["error"]
    # The run's page reads it from there.
    async with await psycopg.AsyncConnection.connect(site.database_url) as connection:
        problems = await (await connection.execute("SELECT run_id, outcome, error FROM api.status_problems")).fetchall()
    assert problems == [(story.run_id, "given_up", row["error"])]


async def test_an_unknown_repository_is_said(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"), full_name="me/other")
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert (row["outcome"], len(forge.posts)) == ("given_up", 1)
    assert "404" in row["error"]


@pytest.mark.parametrize(
    ("flavour", "version", "posts", "said"),
    [
        (Flavour.FORGEJO, "16.0.0+gitea-1.22.0", 1, "404"),
        (Flavour.FORGEJO, "11.0.15+gitea-1.22.0", 3, "500"),
        (Flavour.GITEA, "1.26.3", 3, "500"),
    ],
)
async def test_an_unknown_commit_is_given_up(
    site: Site, make_forge: MakeForge, flavour: Flavour, version: str, posts: int, said: str
) -> None:
    forge = await make_forge(flavour, version)
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter(faults_max=3)
    await site.publish(RunStory(forge=flavour, sha=OTHER_SHA).created())
    await site.settled()
    row = await site.row()
    assert (row["outcome"], len(forge.posts)) == ("given_up", posts)
    assert said in row["error"]


async def test_a_full_context_at_github_is_said_with_the_forges_words(site: Site, make_forge: MakeForge) -> None:
    forge = await make_forge(Flavour.GITHUB)
    repository = forge.state.repository("me/app")
    for _ in range(1000):
        forge.state.add_status(repository, SHA, "robot", {"state": "pending", "context": "tisktask/push"})
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    await site.publish(RunStory().created())
    await site.settled()
    assert "reached the maximum number of statuses" in (await site.row())["error"]
