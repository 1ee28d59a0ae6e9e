"""Open pull requests that no webhook told of become one run each, on every forge; failed webhooks are sent again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from asking_forges import NAME, Site, asking, forge_with_repository
from forge import Flavour, Forge, Hook, HookDelivery, Pull, Reply
from nats_server import NatsServer
from orchestrator_looks import runs_of, sha
from orchestrator_stage import eventually
from tisktask_common.bus.connection import Bus
from tisktask_common.repository_settings import ChangeRepository

A, B, C = (sha(letter) for letter in "abc")
on_every_forge = pytest.mark.parametrize("forge", list(Flavour), indirect=True)


@pytest.fixture
async def forge(request: pytest.FixtureRequest) -> AsyncIterator[Forge]:
    forge = await forge_with_repository(getattr(request, "param", Flavour.FORGEJO))
    yield forge
    await forge.stop()
    forge.check()


@pytest.fixture
async def github() -> AsyncIterator[Forge]:
    forge = await forge_with_repository(Flavour.GITHUB)
    yield forge
    await forge.stop()
    forge.check()


@pytest.fixture
async def site(bus: Bus, nats_server: NatsServer, database_url: str, forge: Forge) -> AsyncIterator[Site]:
    forge.state.repository(NAME).pulls.append(Pull(1, A, C))
    async with asking(bus, nats_server, database_url, forge, forge.state.add_token("robot")) as site:
        await site.wait_for_baseline()
        yield site


async def hear(site: Site, delivery: str, action: str, number: int, sha: str) -> None:
    event = await site.stage.trigger(
        site.repository,
        delivery,
        event="pull_request",
        action=action,
        sha=sha,
        ref=f"refs/pull/{number}/head",
        branch="feature",
        pull_request=number,
    )

    async def probe() -> bool:
        return bool(await site.stage.rows("SELECT id FROM orchestrator.triggers WHERE id = %s", event.trigger_id))

    await eventually(probe, "the webhook was handled")


async def found(site: Site) -> list[tuple[int, str, str]]:
    runs = await runs_of(site.stage, site.repository)
    return [(run["change"]["pull_request"], run["change"]["action"], run["sha"]) for run in runs]


@on_every_forge
async def test_new_and_moved_pull_requests_become_one_run_each(site: Site) -> None:
    assert await found(site) == []
    site.at_forge.pulls[0].sha = B
    site.at_forge.pulls.append(
        Pull(2, C, A, head_ref="other", title="Try", author="grace", labels=["x"], is_draft=True)
    )
    for _ in range(2):
        await site.ask_again()
    assert await found(site) == [(1, "synchronize", B), (2, "opened", C)]
    change = (await runs_of(site.stage, site.repository))[1]["change"]
    expected = {
        "event": "pull_request",
        "ref": "refs/pull/2/head",
        "fetch_ref": "refs/pull/2/head",
        "branch": "other",
        "base_sha": A,
        "base_branch": "main",
        "actor": "grace",
        "title": "Try",
        "is_fork": False,
        "is_draft": True,
        "labels": ["x"],
    }
    assert {name: change[name] for name in expected} == expected


@on_every_forge
async def test_what_comes_from_outside_counts_as_a_fork(site: Site) -> None:
    foreign = [Pull(2, B, A, fork_id=99), Pull(3, B, A, fork_id=0)]
    if site.forge.state.flavour is not Flavour.GITHUB:
        foreign.append(Pull(4, B, A, head_ref="refs/pull/4/head"))
    if site.forge.state.flavour is Flavour.FORGEJO:
        foreign.append(Pull(5, B, A, is_agit=True))
    site.at_forge.pulls += [*foreign, Pull(6, B, A)]
    await site.ask_again()
    runs = await runs_of(site.stage, site.repository)
    forks = {run["change"]["pull_request"]: run["change"]["is_fork"] for run in runs}
    assert forks == {pull.number: pull.number != 6 for pull in site.at_forge.pulls[1:]}


async def test_what_webhooks_told_of_and_what_is_closed_is_not_run(site: Site) -> None:
    await hear(site, "d1", "synchronize", 1, B)
    site.at_forge.pulls[0].sha = B
    site.at_forge.pulls.append(Pull(2, C, A, is_open=False))
    await site.ask_again()
    assert await found(site) == [(1, "synchronize", B)]


async def test_a_webhook_that_comes_late_makes_no_second_run(site: Site) -> None:
    site.at_forge.pulls.append(Pull(2, C, A))
    await site.ask_again()
    await hear(site, "late", "opened", 2, C)
    await hear(site, "labels", "labeled", 2, C)
    await hear(site, "more", "synchronize", 2, B)
    assert await found(site) == [(2, "opened", C), (2, "labeled", C), (2, "synchronize", B)]


async def test_many_pull_requests_are_read_page_by_page(site: Site) -> None:
    site.at_forge.pulls += [Pull(number, B, A) for number in range(2, 122)]
    await site.ask_again()
    assert sorted(number for number, _, _ in await found(site)) == list(range(2, 102))
    await site.ask_again()
    assert sorted(number for number, _, _ in await found(site)) == list(range(2, 122))
    pages = [one for one in site.forge.exchanges if one.path.endswith("/pulls")]
    assert len(pages) == 1 + 2 * 3


async def test_a_forge_that_limits_or_refuses_is_not_pressed(site: Site) -> None:
    site.forge.state.revoke_token(site.token)
    site.at_forge.pulls.append(Pull(2, C, A))
    await site.ask_again()
    (row,) = await site.rows()
    assert "set a new one" in row["error"]
    (shown,) = await site.stage.rows("SELECT pulls_error FROM api.looks")
    assert shown["pulls_error"] == row["error"]
    assert row["next_at"] - row["failed_at"] >= timedelta(seconds=10)
    site.forge.state.tokens[site.token.value] = site.token
    # A token that is set anew is tried at once.
    await site.stage.add_repository(
        NAME,
        forge=str(site.forge.state.flavour),
        api_url=site.forge.api_url,
        clone_url=f"{site.forge.root_url}/{NAME}.git",
        sealed_token=await site.stage.seal(site.token.value),
    )

    async def is_found() -> bool:
        return await found(site) == [(2, "opened", C)]

    await eventually(is_found, "it is found when the token is good again")


async def test_where_it_is_off_the_forge_is_not_asked(site: Site) -> None:
    await site.stage.bus.request(ChangeRepository(repository_id=site.repository.id, reconcile=False))
    asked = len(site.forge.exchanges)
    site.at_forge.pulls.append(Pull(2, B, A))
    await site.stage.rows("UPDATE orchestrator.forge_looks SET next_at = now()")
    # What is switched on again begins with what is there then.
    await site.stage.bus.request(ChangeRepository(repository_id=site.repository.id, reconcile=True))
    await site.wait_for_baseline()
    assert asked <= len(site.forge.exchanges)
    site.at_forge.pulls.append(Pull(3, C, A))
    await site.ask_again()
    assert await found(site) == [(3, "opened", C)]


def failed(number: int, guid: str, **fields: object) -> HookDelivery:
    return replace(HookDelivery(number, guid, datetime.now(UTC) + timedelta(seconds=1), status_code=502), **fields)


async def test_github_is_asked_to_send_again_what_failed_and_did_not_come(
    bus: Bus, nats_server: NatsServer, database_url: str, github: Forge
) -> None:
    at_forge = github.state.repository(NAME)
    other = Hook(7, "https://elsewhere.example/hook")
    ours = Hook(8, "https://ci.example/api/triggers/github")
    at_forge.hooks += [other, ours]
    async with asking(bus, nats_server, database_url, github, github.state.add_token("robot")) as site:
        await site.wait_for_baseline()
        await hear(site, "came-by-another-hook", "opened", 5, A)
        other.deliveries.append(failed(1, "not-ours"))
        ours.deliveries += [
            failed(2, "delivered", status_code=202),
            failed(3, "came-by-another-hook", event="pull_request"),
            failed(4, "lost"),
            failed(5, "star", event="star"),
            failed(6, "later", status_code=500),
            failed(7, "later", status_code=202, is_redelivery=True),
            failed(8, "old", delivered_at=datetime.now(UTC) - timedelta(days=2)),
        ]
        await site.ask_again()
        assert [one.guid for one in ours.asked_again] == ["lost"]
        # Not for ever: there is something wrong that another try does not mend.
        for number in range(9, 13):
            ours.deliveries.append(failed(number, "lost", is_redelivery=True))
            await site.ask_again()
        assert [one.guid for one in ours.asked_again] == ["lost"] * 3
        assert other.asked_again == []


async def test_a_token_that_may_not_see_webhooks_is_told_once_and_does_not_stand_in_the_way(
    bus: Bus, nats_server: NatsServer, database_url: str, github: Forge
) -> None:
    token = github.state.add_token("robot")
    github.state.tokens[token.value] = replace(token, may_see_hooks=False)
    async with asking(bus, nats_server, database_url, github, token) as site:
        await site.wait_for_baseline()
        (row,) = await site.stage.rows("SELECT deliveries_error, pulls_error FROM api.looks")
        assert "does not let the token see its webhooks" in row["deliveries_error"]
        assert row["pulls_error"] == ""
        (look,) = await site.rows()
        assert look["deliveries_next_at"] - datetime.now(UTC) > timedelta(hours=5)


async def test_a_limit_of_requests_pauses_the_account(
    bus: Bus, nats_server: NatsServer, database_url: str, github: Forge
) -> None:
    github.state.repository(NAME).hooks.append(Hook(8, "https://ci.example/api/triggers/github"))
    async with asking(bus, nats_server, database_url, github, github.state.add_token("robot")) as site:
        await site.wait_for_baseline()
        github.next_get(Reply(403, {"message": "API rate limit exceeded"}, {"Retry-After": "300"}))
        await site.ask_again()
        (row,) = await site.rows()
        assert row["deliveries_error"]
        assert row["error"]
        assert row["next_at"] - row["failed_at"] > timedelta(seconds=200)
        asked = len(github.exchanges)
        await site.ask_again()
        assert len(github.exchanges) == asked
