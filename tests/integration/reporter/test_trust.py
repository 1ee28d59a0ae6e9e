"""Whom each forge lets write, and what a pull request's head is now: asked in the orchestrator's place."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app_keys import app_keys
from forge import Flavour, Forge, Hang, Pull, Reply, Rights, Token
from forge.pull_webhooks import add_agit_pull, add_fork_pull
from forge.questions import show_pull
from reporter_events import SHA
from tisktask_common.forge_requests import AskPermission, AskPull, PermissionAnswer, PullAnswer
from tisktask_common.ids import RepositoryId

from .conftest import Site, eventually

PRIVATE, PUBLIC = app_keys()
REPOSITORY = RepositoryId("repo_1")
NAME = "me/app"
LATER = "6e" * 20
ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
ON_OTHERS = pytest.mark.parametrize("forge", [Flavour.FORGEJO, Flavour.GITEA], indirect=True)


async def ask(site: Site, login: str) -> PermissionAnswer:
    return await site.bus.request(AskPermission(repository_id=REPOSITORY, login=login), 5)


async def ask_pull(site: Site, number: int) -> PullAnswer:
    return await site.bus.request(AskPull(repository_id=REPOSITORY, number=number), 5)


async def start(site: Site, forge: Forge, rights: Rights = Rights.ADMIN) -> Token:
    token = forge.state.add_token("robot", rights)
    site.know(forge, token)
    site.start_reporter()

    async def answers() -> bool:
        return not (await ask(site, "robot")).problem or rights < Rights.ADMIN

    await eventually(answers)
    forge.exchanges.clear()
    return token


def asked(forge: Forge) -> list[str]:
    return [one.path.removeprefix("/api/v1") for one in forge.exchanges if one.path.endswith("/permission")]


async def test_who_may_write_is_told(site: Site, forge: Forge) -> None:
    roles = {"ada": "write", "ann": "admin", "rae": "read"}
    expected = {"ada": True, "ann": True, "rae": False, "eve": False}
    if forge.state.flavour is Flavour.GITHUB:
        roles |= {"mia": "maintain", "tom": "triage", "dependabot[bot]": "write"}
        expected |= {"mia": True, "tom": False, "dependabot[bot]": True}
    else:
        roles |= {"oda": "owner"}
        expected |= {"oda": True}
    for login, role in roles.items():
        forge.state.let(NAME, login, role)
    forge.state.users.add("eve")
    await start(site, forge)
    for login, may_write in expected.items():
        assert await ask(site, login) == PermissionAnswer(may_write=may_write), login


async def test_a_private_repository_lets_strangers_do_nothing(site: Site, forge: Forge) -> None:
    forge.state.repository(NAME).is_private = True
    forge.state.users.add("eve")
    await start(site, forge)
    assert await ask(site, "eve") == PermissionAnswer(may_write=False)


async def test_what_can_not_be_told_is_no_answer(site: Site, forge: Forge) -> None:
    """A token that may not ask, and somebody whom the forge does not know."""
    forge.state.let(NAME, "ada", "write")
    enough = Rights.WRITE if forge.state.flavour is Flavour.GITHUB else Rights.ADMIN
    await start(site, forge, Rights(enough - 1))
    answer = await ask(site, "ada")
    assert (answer.may_write, answer.is_refused) == (False, True)
    assert "does not let the token see who may write to it (403: " in answer.problem
    site.know(forge, forge.state.add_token("other", enough))
    await site.announce_change()

    async def is_known() -> bool:
        return (await ask(site, "ada")).may_write

    await eventually(is_known)
    nobody = await ask(site, "nobody")
    assert (nobody.may_write, nobody.is_refused) == (False, True)
    assert "(404: " in nobody.problem


@ON_GITEA
async def test_an_answer_is_kept_shortly_and_a_failure_never(site: Site, forge: Forge) -> None:
    forge.state.let(NAME, "ada", "write")
    await start(site, forge)
    forge.faults.for_questions.append(Reply(418, {"message": "no"}))
    failed = await ask(site, "ada")
    assert (failed.may_write, bool(failed.problem)) == (False, True)
    assert [(await ask(site, name)).may_write for name in ("ada", "Ada", "ada")] == [True] * 3
    assert len(asked(forge)) == 2
    forge.state.let(NAME, "ada", None)
    # Another token may be told something else: it asks itself.
    site.know(forge, forge.state.add_token("other", Rights.ADMIN))
    await site.announce_change()

    async def is_over() -> bool:
        return not (await ask(site, "ada")).may_write

    await eventually(is_over)


@ON_GITEA
async def test_after_a_minute_the_forge_is_asked_again(
    site: Site, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tisktask_reporter.trust_desk.KEPT_SECONDS", 0.0)
    forge.state.let(NAME, "ada", "write")
    await start(site, forge)
    assert (await ask(site, "ada")).may_write
    forge.state.let(NAME, "ada", "read")
    assert not (await ask(site, "ada")).may_write
    assert len(asked(forge)) == 2


@pytest.mark.parametrize("login", ["", "..", "a/../../admin", "a?b", "a b", "x" * 200, "a\r\nHost: evil"])
@ON_GITHUB
async def test_what_is_no_name_goes_into_no_address(site: Site, forge: Forge, login: str) -> None:
    await start(site, forge)
    answer = await ask(site, login)
    assert (answer.may_write, answer.is_refused) == (False, True)
    assert "no name that somebody can have" in answer.problem
    assert forge.exchanges == []


@ON_GITEA
async def test_an_answer_about_somebody_else_is_not_believed(site: Site, forge: Forge) -> None:
    await start(site, forge)
    body = {"permission": "admin", "role_name": "admin", "user": {"login": "ann"}}
    forge.faults.for_questions.append(Reply(200, body))
    answer = await ask(site, "ada")
    assert (answer.may_write, answer.is_refused) == (False, False)
    assert "can not be read" in answer.problem


@ON_GITEA
async def test_the_limits_of_the_account_hold_for_questions_too(site: Site, forge: Forge) -> None:
    forge.state.let(NAME, "ada", "write")
    await start(site, forge)
    forge.faults.for_questions.append(Reply(429, {"message": "slow down"}, {"Retry-After": "30"}))
    first = await ask(site, "ada")
    second = await ask(site, "ada")
    assert [(one.may_write, one.is_refused) for one in (first, second)] == [(False, False)] * 2
    assert all(20 < one.pause_seconds <= 30 for one in (first, second))
    assert len(asked(forge)) == 1


@pytest.mark.parametrize("fault", [Hang(3), Reply(502, None)])
@ON_GITHUB
async def test_a_forge_that_is_away_has_not_answered(site: Site, forge: Forge, fault: Hang | Reply) -> None:
    forge.state.let(NAME, "ada", "write")
    await start(site, forge)
    forge.faults.for_questions.append(fault)
    answer = await ask(site, "ada")
    assert (answer.may_write, answer.is_refused) == (False, False)
    assert answer.pause_seconds > 0


@ON_GITEA
async def test_the_token_follows_no_redirect_to_another_host(
    site: Site, forge: Forge, make_forge: Callable[..., Awaitable[Forge]]
) -> None:
    elsewhere = await make_forge(Flavour.GITEA)
    await start(site, forge)
    location = f"{elsewhere.root_url}/api/v1/repos/me/app/collaborators/ada/permission"
    forge.faults.for_questions.append(Reply(302, {}, {"Location": location}))
    answer = await ask(site, "ada")
    assert "the token is not sent there" in answer.problem
    assert elsewhere.exchanges == []


async def test_a_repository_that_was_renamed_is_asked_about_all_the_same(site: Site, forge: Forge) -> None:
    forge.state.let(NAME, "ada", "write")
    await start(site, forge)
    forge.state.rename(NAME, "me/other")
    assert (await ask(site, "ada")).may_write


@ON_GITEA
async def test_without_a_token_nobody_is_asked(site: Site, forge: Forge) -> None:
    await start(site, forge)
    site.know(forge, None)
    await site.announce_change()

    async def is_told() -> bool:
        return "has no token" in (await ask(site, "ada")).problem

    await eventually(is_told)
    assert "has no token" in (await ask_pull(site, 1)).problem


@ON_GITHUB
async def test_an_app_asks_with_a_token_of_its_own(site: Site, forge: Forge) -> None:
    app = forge.state.add_app("1234", PUBLIC)
    forge.state.let(NAME, "ada", "write")
    forge.state.repository(NAME).pulls.append(Pull(7, SHA, LATER))
    site.know_app(forge, PRIVATE)
    site.start_reporter()

    async def is_told() -> bool:
        return (await ask(site, "ada")).may_write

    await eventually(is_told)
    pull = (await ask_pull(site, 7)).pull
    assert pull
    assert pull.change.sha == SHA
    # An App that was installed with too few rights is told so.
    app.permissions.pop("metadata")
    app.permissions.pop("pull_requests")
    for token in list(forge.state.tokens.values()):
        forge.state.tokens[token.value] = replace(token, permissions=app.permissions)
    assert "Resource not accessible" in (await ask(site, "ann")).problem
    assert "Resource not accessible" in (await ask_pull(site, 7)).problem


async def test_the_head_of_a_pull_request_is_told_as_it_is_now(site: Site, forge: Forge) -> None:
    repository = forge.state.repository(NAME)
    pull = add_fork_pull(forge.state, repository, 7, SHA, "eve", title="Better")
    await start(site, forge)
    first = (await ask_pull(site, 7)).pull
    assert first
    assert (first.number, first.change.sha, first.change.is_fork, first.change.actor) == (7, SHA, True, "eve")
    assert first.change.fetch_ref == "refs/pull/7/head"
    pull.sha = LATER
    second = (await ask_pull(site, 7)).pull
    assert second
    assert second.change.sha == LATER
    repository.pulls.append(Pull(8, SHA, LATER))
    own = (await ask_pull(site, 8)).pull
    assert own
    assert not own.change.is_fork
    # A fork that was deleted since is one all the same.
    repository.pulls.append(Pull(9, SHA, LATER, fork_id=0))
    gone = (await ask_pull(site, 9)).pull
    assert gone
    assert gone.change.is_fork


@ON_OTHERS
async def test_what_was_pushed_for_review_counts_as_a_fork(site: Site, forge: Forge) -> None:
    add_agit_pull(forge.state, forge.state.repository(NAME), 7, SHA, "eve")
    await start(site, forge)
    pull = (await ask_pull(site, 7)).pull
    assert pull
    assert pull.change.is_fork


async def test_a_pull_request_that_is_not_there_has_no_head(site: Site, forge: Forge) -> None:
    await start(site, forge)
    answer = await ask_pull(site, 404)
    assert (answer.pull, answer.is_refused) == (None, True)
    forge.faults.for_questions.append(Reply(200, {"number": 5}))
    answer = await ask_pull(site, 5)
    assert (answer.pull, answer.is_refused) == (None, False)
    assert "can not be read" in answer.problem


@ON_GITEA
async def test_another_pull_request_than_was_asked_for_is_not_believed(site: Site, forge: Forge) -> None:
    repository = forge.state.repository(NAME)
    add_fork_pull(forge.state, repository, 7, SHA, "eve")
    await start(site, forge)
    other = replace(repository.pull(7), number=8)
    forge.faults.for_questions.append(Reply(200, show_pull(forge.state, repository, other)))
    answer = await ask_pull(site, 7)
    assert (answer.pull, "can not be read" in answer.problem) == (None, True)
