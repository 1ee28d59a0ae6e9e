"""Apps of repositories: kept locked, told to the reporter alone, and what runners get of them."""

import pytest
from pydantic import SecretStr

from app_keys import app_keys
from orchestrator_stage import Stage, eventually
from tisktask_common.errors import InfrastructureError, NotFoundError, UserError
from tisktask_common.ids import RepositoryId
from tisktask_common.reporting import FetchToken, MintFetchToken, SetApp, SetComment
from tisktask_common.rpc import AskCredential
from tisktask_common.sealing import KeyPair, seal

PRIVATE, _ = app_keys()


async def _set_app(stage: Stage, repository: RepositoryId) -> None:
    order = SetApp(repository_id=repository, app_id="1234", sealed_app_key=await stage.seal(PRIVATE))
    assert (await stage.bus.request(order)).accepted


async def test_an_app_is_kept_locked_and_told_sealed(stage: Stage) -> None:
    repository = await stage.add_repository(forge="github")
    await _set_app(stage, repository.id)
    await stage.bus.request(SetComment(repository_id=repository.id, has_comment=True))
    (row,) = await stage.rows("SELECT app_id, app_key FROM orchestrator.repositories")
    assert row["app_id"] == "1234"
    assert PRIVATE.splitlines()[1].encode() not in bytes(row["app_key"])
    assert await stage.rows("SELECT * FROM api.repository_reporting") == [
        {"repository_id": repository.id, "app_id": "1234", "has_comment": True}
    ]
    keys = KeyPair.generate()
    ask = AskCredential(repository_id=repository.id, public_key=keys.public)
    told = await stage.bus.request(ask)
    assert (told.app_id, told.has_comment, told.sealed_token) == ("1234", True, None)
    assert told.sealed_app_key
    assert keys.open(told.sealed_app_key).get_secret_value() == PRIVATE
    await stage.bus.request(SetApp(repository_id=repository.id, app_id=None, sealed_app_key=None))
    told = await stage.bus.request(ask)
    assert (told.app_id, told.sealed_app_key) == (None, None)


async def test_what_can_be_no_app_is_refused(stage: Stage) -> None:
    github = await stage.add_repository(forge="github")
    gitea = await stage.add_repository(forge="gitea")
    key = await stage.seal(PRIVATE)
    for order, says in (
        (SetApp(repository_id=github.id, app_id="1234", sealed_app_key=None), "with its id and its private key"),
        (SetApp(repository_id=github.id, app_id="a b", sealed_app_key=key), "app_id"),
        (SetApp(repository_id=gitea.id, app_id="1234", sealed_app_key=key), "only GitHub"),
    ):
        with pytest.raises(UserError, match=says):
            await stage.bus.request(order)
    with pytest.raises(NotFoundError):
        await stage.bus.request(SetComment(repository_id=RepositoryId("repo_0"), has_comment=True))
    assert await stage.rows("SELECT id FROM orchestrator.repositories WHERE app_id IS NOT NULL") == []


async def test_a_runner_gets_a_token_that_the_reporter_makes_for_it(stage: Stage) -> None:
    asked: list[MintFetchToken] = []
    is_away = True

    async def mint(request: MintFetchToken, caller: str) -> FetchToken:
        asked.append(request)
        if is_away:
            raise InfrastructureError("GitHub is away")
        return FetchToken(sealed_token=seal(SecretStr("ghs_fetch"), request.public_key))

    await stage.bus.answer(MintFetchToken, mint, "reporter")
    runner = await stage.runner()
    repository = await stage.add_repository(forge="github", sealed_token=await stage.seal("a token of before"))
    await _set_app(stage, repository.id)
    await stage.trigger(repository)
    work = await stage.next_work()
    refused = await runner.claim(work)
    assert not refused.granted
    assert "GitHub is away" in refused.reason
    is_away = False
    grant = await eventually(lambda: _granted(runner, work), "the token is there")
    assert grant.spec.sealed_token
    assert runner.keys.open(grant.spec.sealed_token).get_secret_value() == "ghs_fetch"
    assert {(one.repository_id, one.public_key) for one in asked} == {(repository.id, runner.keys.public)}


async def _granted(runner, work):
    grant = await runner.claim(work)
    return grant if grant.granted else None


async def test_who_has_no_app_waits_for_nobody(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    assert (await runner.claim(await stage.next_work())).granted
