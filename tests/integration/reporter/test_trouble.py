"""What becomes of statuses when forges and networks fail, limit or are away."""

import json
from collections.abc import Awaitable, Callable

import pytest

from forge import Drop, Flavour, Forge, Hang, RateLimit, Reply
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
    assert len(busy.posts) == 1


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
