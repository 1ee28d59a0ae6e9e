"""GitHub Apps: claims, installations, tokens that are made, kept, made anew and never told."""

import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app_keys import app_keys
from forge import Flavour, Forge, Reply
from reporter_events import SHA, RunStory
from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import RepositoryId
from tisktask_common.lifecycle import RunState
from tisktask_common.reporting import MintFetchToken
from tisktask_common.sealing import KeyPair
from tisktask_reporter.forges.exchange import Exchange, new_session
from tisktask_reporter.forges.installations import Installations, Scope
from tisktask_reporter.forges.policy import History, Hopeless, PauseAccount, RetryLimits
from tisktask_reporter.forges.request import Access, App
from tisktask_reporter.times import now

from .conftest import Site

pytestmark = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
PRIVATE, PUBLIC = app_keys()


@pytest.fixture
def app(forge: Forge) -> Forge:
    """A forge that knows the App, which the owner `me` has installed."""
    forge.state.add_app("1234", PUBLIC)
    return forge


@pytest.fixture
async def installations(forge: Forge) -> AsyncIterator[tuple[Installations, Access]]:
    access = Access("github", forge.api_url, "me/app", SecretStr(""), App("1234", SecretStr(PRIVATE)))
    async with new_session() as session:
        yield Installations(Exchange(session, RetryLimits(), 5, now), now), access


def _minted(forge: Forge) -> int:
    return sum(one.path.endswith("/access_tokens") for one in forge.posts)


async def test_a_run_is_reported_with_one_token_of_the_app(site: Site, app: Forge, story: RunStory) -> None:
    site.know_app(app, PRIVATE)
    site.start_reporter()
    await site.publish(story.created(), story.job_created("build"))
    await site.settled()
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert {row["outcome"] for row in await site.rows()} == {"delivered"}
    assert _minted(app) == 1


async def test_a_token_is_kept_for_fifty_minutes(
    app: Forge, installations: tuple[Installations, Access], monkeypatch: pytest.MonkeyPatch
) -> None:
    book, access = installations
    offset = 0.0
    monkeypatch.setattr(book, "_clock", lambda: now() + timedelta(seconds=offset))
    app.state.clock = lambda: time.time() + offset
    first = await book.open(access, Scope.to_report(), History())
    offset = 49 * 60
    assert await book.open(access, Scope.to_report(), History()) == first
    offset = 51 * 60
    second = await book.open(access, Scope.to_report(), History())
    assert isinstance(first, Access)
    assert isinstance(second, Access)
    assert first.token != second.token
    assert _minted(app) == 2


async def test_a_token_that_is_refused_is_made_anew_once(site: Site, app: Forge, story: RunStory) -> None:
    site.know_app(app, PRIVATE)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    app.state.tokens.clear()
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert (await site.row())["outcome"] == "delivered"
    assert _minted(app) == 2
    # Refused for another reason, it is not made again and again.
    app.faults.add(Reply(401, {"message": "Bad credentials"}), times=2)
    await site.publish(RunStory(number=2).created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "Bad credentials" in row["error"]
    assert _minted(app) == 3


@pytest.mark.parametrize(
    ("key", "owner", "said"),
    [
        (PRIVATE, "somebody-else", "is it installed there"),
        (app_keys(2)[0], "me", "does not know the App"),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", "me", "private key can not be read"),
        ("no key at all", "me", "private key can not be read"),
    ],
)
async def test_an_app_that_can_not_be_used_is_said(
    site: Site, forge: Forge, story: RunStory, key: str, owner: str, said: str
) -> None:
    forge.state.add_app("1234", PUBLIC, owner)
    site.know_app(forge, key)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert said in row["error"]


async def test_an_app_waits_for_a_forge_that_is_away(forge: Forge, installations: tuple[Installations, Access]) -> None:
    forge.state.add_app("1234", PUBLIC)
    book, access = installations
    forge.faults.for_apps += [Reply(503, {"message": "no"}), Reply(429, {"message": "slow"}, {"Retry-After": "7"})]
    assert isinstance(await book.open(access, Scope.to_report(), History()), PauseAccount)
    limited = await book.open(access, Scope.to_report(), History())
    assert isinstance(limited, PauseAccount)
    assert limited.seconds == 7
    assert isinstance(await book.open(access, Scope.to_report(), History()), Access)


async def test_neither_the_key_nor_a_token_is_told(
    site: Site, app: Forge, story: RunStory, capsys: pytest.CaptureFixture[str]
) -> None:
    site.know_app(app, PRIVATE)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    (token,) = app.state.tokens
    app.faults.add(Reply(422, {"message": f"{token} is no good, nor is ghs_{'x' * 40}"}))
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    said = capsys.readouterr().out + json.dumps(await site.rows(), default=str)
    assert "[token] is no good, nor is [token]" in said
    assert token not in said
    assert PRIVATE.splitlines()[1] not in said


async def test_whoever_fetches_gets_a_token_that_can_only_read_that_repository(site: Site, app: Forge) -> None:
    app.state.add_repository("me/secret", commits=[SHA])
    site.know_app(app, PRIVATE)
    site.start_reporter()
    keys = KeyPair.generate()
    request = MintFetchToken(repository_id=RepositoryId("repo_1"), public_key=keys.public)
    sealed = [(await site.bus.request(request)).sealed_token for _ in range(2)]
    tokens = {keys.open(one).get_secret_value() for one in sealed if one}
    (value,) = tokens
    token = app.state.tokens[value]
    assert (token.permissions, token.repositories) == ({"contents": "read"}, ("me/app",))


async def test_whoever_fetches_is_told_that_there_is_none_or_none_yet(
    site: Site, forge: Forge, installations: tuple[Installations, Access]
) -> None:
    site.know_app(forge, PRIVATE)
    site.start_reporter()
    request = MintFetchToken(repository_id=RepositoryId("repo_1"), public_key=KeyPair.generate().public)
    refused = await site.bus.request(request)
    assert refused.sealed_token is None
    assert "does not know the App" in refused.reason
    forge.state.add_app("1234", PUBLIC)
    forge.faults.for_apps.append(Reply(503, {"message": "no"}))
    with pytest.raises(InfrastructureError):
        await site.bus.request(request)
    assert (await site.bus.request(request)).sealed_token
    book, access = installations
    assert isinstance(await book.open(access, Scope.to_fetch("me/unknown"), History()), Hopeless)
