"""What becomes of statuses when forges and networks fail, limit, move or refuse."""

import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from forge import Drop, Flavour, Forge, Hang, RateLimit, Reply, Rights
from reporter_events import SHA, RunStory
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site, eventually

#: Where all forges are treated alike, one of them shows it.
ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
MakeForge = Callable[..., Awaitable[Forge]]
OTHER_SHA = "e7" * 20


@ON_GITEA
async def test_a_post_that_fails_is_repeated_until_it_succeeds(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    for status in (500, 502, 503, 504):
        forge.faults.add(Reply(status, {"message": ""}))
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["pending"]
    assert len(forge.posts) == 5
    row = await site.row()
    assert (row["outcome"], row["error"], row["tries"]) == ("delivered", "", 0)


@ON_GITHUB
async def test_a_fault_that_stays_is_given_up_and_said(
    site: Site, forge: Forge, story: RunStory, capsys: pytest.CaptureFixture[str]
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Reply(500, {"message": "boom"}), times=3)
    site.start_reporter(faults_max=3)
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "answered 500 3 times: boom" in row["error"]
    assert "status_given_up" in capsys.readouterr().out
    # A new state is worth new tries.
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["success"]


@ON_GITEA
@pytest.mark.parametrize("fault", [Hang(1.5), Drop(), Drop(after_effect=True)], ids=repr)
async def test_a_post_without_an_answer_is_repeated(
    site: Site, forge: Forge, story: RunStory, fault: Hang | Drop
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(fault)
    site.start_reporter(post_seconds_max=0.5)
    await site.publish(story.created())
    await site.settled()
    assert set(forge.state.states("me/app", SHA, "tisktask/push")) == {"pending"}
    assert len(forge.posts) >= 1
    assert (await site.row())["outcome"] == "delivered"


@pytest.mark.parametrize(
    ("flavour", "limit"),
    [
        (Flavour.GITHUB, RateLimit(requests=6, seconds=1, status=403)),
        (Flavour.GITHUB, RateLimit(requests=6, seconds=1, status=403, tells_budget=True)),
        (Flavour.GITEA, RateLimit(requests=6, seconds=1, status=429)),
    ],
)
async def test_a_rate_limit_pauses_the_whole_account_and_is_obeyed(
    site: Site, make_forge: MakeForge, flavour: Flavour, limit: RateLimit
) -> None:
    forge = await make_forge(flavour)
    story = RunStory(forge=flavour)
    site.know(forge, forge.state.add_token("robot"))
    forge.rate_limit = limit
    site.start_reporter()
    names = [f"job{number}" for number in range(10)]
    await site.publish(*[story.job_finished(name, JobState.SUCCEEDED) for name in names])
    await site.settled()
    assert {one.state for one in forge.state.shown("me/app", SHA).values()} == {"success"}
    assert len(forge.state.shown("me/app", SHA)) == 10
    assert limit.impatient == 0
    # Told once per pause and per slot of the account at most, not once per status.
    refused = [one for one in forge.posts if one.status in {403, 429}]
    assert 1 <= len(refused) <= 8


async def test_one_accounts_pause_does_not_hold_up_another(site: Site, make_forge: MakeForge) -> None:
    busy, idle = await make_forge(Flavour.GITEA), await make_forge(Flavour.FORGEJO)
    site.know(busy, busy.state.add_token("robot"))
    site.know(idle, idle.state.add_token("robot"), repo="repo_2")
    busy.faults.add(Reply(429, {"message": "slow down"}, {"Retry-After": "600"}))
    site.start_reporter()
    await site.publish(RunStory(forge="gitea").created())
    await eventually(lambda: len(busy.posts) == 1)
    await site.publish(RunStory(forge="gitea", event="tag").created())
    await site.publish(RunStory(forge="forgejo", repository_id="repo_2").created())
    await eventually(lambda: bool(idle.state.shown("me/app", SHA)))

    async def is_postponed() -> bool:
        return all(row["error"] for row in await site.rows() if row["forge"] == "gitea")

    await eventually(is_postponed)
    assert len(busy.posts) == 1


async def test_a_renamed_repository_is_followed_by_posting_again(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.state.rename("me/app", "me/new-name")
    site.start_reporter()
    await site.publish(story.created(), story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.states("me/new-name", SHA, "tisktask/push")[-1] == "success"
    assert {one.method for one in forge.exchanges} == {"POST"}


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


@ON_GITEA
async def test_a_forge_that_is_away_gets_the_final_state_with_few_posts(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    await forge.stop()
    site.start_reporter()
    jobs = {f"job{number}": JobState.SUCCEEDED for number in range(5)}
    await site.publish(*story.whole(jobs, RunState.SUCCEEDED))

    async def is_waiting() -> bool:
        rows = await site.rows()
        return len(rows) == 6 and all(row["state"] == "success" and row["error"] for row in rows)

    await eventually(is_waiting)
    await forge.start_again()
    await site.settled()
    assert {one.state for one in forge.state.shown("me/app", SHA).values()} == {"success"}
    assert len(forge.posts) == 6


@ON_GITHUB
async def test_a_forge_that_stays_away_is_given_up_and_said(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    await forge.stop()
    site.start_reporter(away_seconds_max=0.3)
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "could not be reached" in row["error"]


@ON_GITHUB
async def test_an_answer_that_is_no_forges_is_not_taken_for_a_success(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Reply(200, {"login": "please"}))
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "api-url" in row["error"]


@ON_GITEA
async def test_the_orchestrator_may_be_away_for_a_while(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.credentials.is_away = True
    site.start_reporter()
    await site.publish(story.created())

    async def is_postponed() -> bool:
        return [row["error"] for row in await site.rows()] == ["the database is away"]

    await eventually(is_postponed)
    site.credentials.is_away = False
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["pending"]


async def test_the_token_is_neither_logged_nor_stored(
    site: Site, forge: Forge, story: RunStory, capsys: pytest.CaptureFixture[str]
) -> None:
    token = forge.state.add_token("robot")
    site.know(forge, token)
    # A forge that repeats what it was sent.
    forge.faults.add(Reply(500, {"message": f"bad header: {token.value}"}))
    forge.faults.add(Reply(422, {"message": "no", "errors": [{"message": f"Authorization {token.value}"}]}))
    site.start_reporter()
    await site.publish(story.created(), story.job_created("build"))
    await site.settled()
    said = capsys.readouterr().out + json.dumps(await site.rows(), default=str)
    assert "[token]" in said
    assert token.value not in said
    assert all(one.headers["authorization"].endswith(token.value) for one in forge.posts)
