"""Webhooks at every forge: made once whatever dies, their secrets exchanged while ingest is down, nothing in clear."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from asking_forges import NAME, Site, forge_with_repository
from forge import Drop, Flavour, Forge, Hook, Reply
from nats_server import NatsServer
from orchestrator_looks import sha
from orchestrator_stage import MASTER_KEY, eventually
from tisktask_common.bus.connection import Bus
from tisktask_common.delivery_notes import DeliverySeen, NoteDelivery
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, ListRepositories, RemoveRepository
from tisktask_common.sealing import KeyPair
from tisktask_common.setup_requests import (
    Arrival,
    AskHookSecret,
    ConnectHook,
    HookEnsured,
    ResealSecret,
    RotateSecret,
    Rotation,
    TryHook,
)
from tisktask_orchestrator.secrets import Secrets
from webhook_orders import PATIENCE_SECONDS, URL, administering, connect

KEYS = KeyPair.generate()


@pytest.fixture(params=list(Flavour), ids=str)
async def forge(request: pytest.FixtureRequest) -> AsyncIterator[Forge]:
    forge = await forge_with_repository(request.param)
    forge.state.repository(NAME).commits.add(sha("a"))
    yield forge
    await forge.stop()
    forge.check()


@pytest.fixture
async def site(bus: Bus, nats_server: NatsServer, database_url: str, forge: Forge) -> AsyncIterator[Site]:
    async with administering(bus, nats_server, database_url, forge) as site:
        yield site


async def rotate(site: Site) -> Rotation:
    order = RotateSecret(repository_id=site.repository.id)
    return await site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS)


async def secrets(site: Site) -> dict[int, str]:
    """What ingest would be told."""
    page = await site.stage.bus.request(ListRepositories(public_key=KEYS.public))
    (item,) = page.items
    opened = [KEYS.open(sealed).get_secret_value() for sealed in item.sealed_secrets]
    return dict(zip(item.secret_numbers, opened, strict=True))


async def note(site: Site, number: int | None, kind: DeliverySeen = DeliverySeen.EVENT) -> None:
    told = NoteDelivery(
        repository_id=site.repository.id, kind=kind, event="push", received_at=datetime.now(UTC), secret_number=number
    )
    assert (await site.stage.bus.request(told)).accepted


async def hook_row(site: Site) -> dict[str, object]:
    (row,) = await site.stage.rows("SELECT * FROM api.repository_hooks")
    return row


async def test_the_first_order_makes_secret_and_webhook_and_the_next_changes_nothing(site: Site) -> None:
    made = await connect(site)
    assert (made.is_new, made.problem) == (True, "")
    (hook,) = site.at_forge.hooks
    assert await secrets(site) == {1: hook.secret}
    again = await connect(site)
    assert (again.is_new, again.repaired, again.told_secret, again.hook_id) == (False, [], None, hook.id)
    assert site.at_forge.hooks == [hook]


async def test_many_orders_at_once_make_one_webhook(site: Site) -> None:
    done = await asyncio.gather(*(connect(site) for _ in range(6)), return_exceptions=True)
    assert [one for one in done if isinstance(one, HookEnsured) and one.is_new]
    assert all(isinstance(one, HookEnsured | ConflictError) for one in done)
    assert len(site.at_forge.hooks) == 1


async def test_a_webhook_whose_making_was_not_heard_of_is_found_by_its_address(site: Site) -> None:
    site.forge.faults.add(Drop(after_effect=True))
    assert (await connect(site)).problem
    assert (await hook_row(site))["hook_id"] is None
    done = await connect(site)
    assert (done.problem, done.is_new) == ("", False)
    (hook,) = site.at_forge.hooks
    assert (done.hook_id, await secrets(site)) == (hook.id, {1: hook.secret})


async def test_a_refusal_is_said_with_the_forge_s_words_and_not_tried_again(site: Site) -> None:
    site.forge.faults.add(Reply(422, {"message": "Validation Failed", "errors": ["url is not good enough"]}))
    done = await connect(site)
    assert done.is_refused
    assert "url is not good enough" in done.problem or "Validation Failed" in done.problem
    (row,) = await site.stage.rows("SELECT retry_at, problem FROM orchestrator.hooks")
    assert row["retry_at"] is None
    assert row["problem"] == done.problem


async def test_a_rotation_begins_while_ingest_is_down_and_ends_with_the_first_delivery(site: Site) -> None:
    await connect(site)
    old = site.at_forge.hooks[0].secret
    assert (await rotate(site)).is_told
    (hook,) = site.at_forge.hooks
    assert hook.is_active
    assert hook.secret not in {"", old}
    assert await secrets(site) == {1: old, 2: hook.secret}
    await note(site, 1)
    assert (await hook_row(site))["is_rotating"]
    await note(site, 2)

    async def probe() -> bool:
        return await secrets(site) == {2: hook.secret}

    await eventually(probe, "the old secret has gone")
    assert not (await hook_row(site))["is_rotating"]


async def test_a_rotation_whose_forge_is_away_goes_on_by_itself(site: Site) -> None:
    await connect(site)
    old = site.at_forge.hooks[0].secret
    await site.forge.stop()
    told = await rotate(site)
    assert not told.is_told
    assert told.problem
    assert (await hook_row(site))["forge_is_to_be_told"]
    both = await secrets(site)
    assert both[1] == old
    await site.forge.start_again()
    # Asked once more it is the same exchange.
    await rotate(site)
    assert await secrets(site) == both
    await site.stage.rows("UPDATE orchestrator.hooks SET retry_at = now()")

    async def probe() -> bool:
        return [hook.secret for hook in site.at_forge.hooks] == [both[2]] and site.at_forge.hooks[0].is_active

    await eventually(probe, "the forge knows the new secret")


@pytest.mark.parametrize("place", range(3))
async def test_a_rotation_that_breaks_off_anywhere_leaves_one_webhook_that_works(site: Site, place: int) -> None:
    """GitHub is told once; of the others a webhook is made, the old one deleted, and the new one switched on."""
    await connect(site)
    for _ in range(place):
        site.forge.faults.add(None)
    site.forge.faults.add(Drop(after_effect=True))
    await rotate(site)
    site.forge.faults.coming.clear()
    await rotate(site)
    (hook,) = site.at_forge.hooks
    assert hook.is_active
    assert hook.secret == (await secrets(site))[2]


async def test_what_a_dead_orchestrator_has_begun_another_finishes_when_its_turn_is_over(site: Site) -> None:
    await connect(site)
    next_secret = Secrets(SecretStr(MASTER_KEY)).lock(SecretStr("the next one"))
    # As it is left by one that has begun an exchange, and died before the forge was told.
    await site.stage.rows(
        "UPDATE orchestrator.hooks SET next_secret = %s, busy_until = now() + interval '1 hour'", next_secret
    )
    with pytest.raises(ConflictError, match=r"of octo/demo is .* in a minute"):
        await rotate(site)
    assert "the next one" not in {hook.secret for hook in site.at_forge.hooks}
    await site.stage.rows("UPDATE orchestrator.hooks SET busy_until = now()")

    async def probe() -> bool:
        return [(hook.secret, hook.is_active) for hook in site.at_forge.hooks] == [("the next one", True)]

    await eventually(probe, "the forge knows the next secret")


async def test_a_secret_given_by_hand_ends_an_exchange(site: Site) -> None:
    await connect(site)
    await rotate(site)
    sealed = await site.stage.seal("by hand, from now on")
    await site.stage.add_repository(
        NAME,
        forge=str(site.forge.state.flavour),
        api_url=site.forge.api_url,
        clone_url=f"{site.forge.root_url}/{NAME}.git",
        sealed_webhook_secret=sealed,
    )
    assert list((await secrets(site)).values()) == ["by hand, from now on"]
    assert (await connect(site)).problem == ""
    assert [hook.secret for hook in site.at_forge.hooks] == ["by hand, from now on"]


async def test_a_test_delivery_counts_when_ingest_has_told_of_it(site: Site) -> None:
    await connect(site)
    order = TryHook(repository_id=site.repository.id, wait_seconds=10)
    waiting = asyncio.create_task(site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS))
    await eventually(_has_sent(site), "the forge has sent it")
    await note(site, 1, DeliverySeen.TEST)
    assert (await waiting).arrival is Arrival.ARRIVED
    order = TryHook(repository_id=site.repository.id, wait_seconds=0.3)
    tried = await site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS)
    assert tried.arrival is Arrival.NOT_ARRIVED
    if site.forge.state.flavour is Flavour.GITHUB:
        assert "failed to connect" in tried.last_answer


def _has_sent(site: Site) -> object:
    async def probe() -> bool:
        return any(one.path.endswith(("/pings", "/tests")) for one in site.forge.posts)

    return probe


async def test_another_address_moves_the_webhook_and_leaves_those_of_others(site: Site) -> None:
    other = Hook(7001, "https://ci.example/api/triggers/other", kind="gitea")
    site.at_forge.hooks.append(other)
    first = await connect(site)
    moved = await connect(site, webhook_url="https://ci.example.org")
    assert moved.repaired
    ours = f"https://ci.example.org/api/triggers/{site.forge.state.flavour}"
    assert {hook.url for hook in site.at_forge.hooks} == {other.url, ours}
    assert len(site.at_forge.hooks) == 2
    assert first.url.startswith(URL)
    # Said once is kept.
    assert (await connect(site)).url == moved.url


async def test_secrets_and_tokens_are_nowhere_in_clear(site: Site, database_url: str) -> None:
    await connect(site)
    await rotate(site)
    known = {site.token.value, *(await secrets(site)).values()}
    assert len(known) == 3
    tables = await site.stage.rows(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('orchestrator', 'reporter')"
    )
    for table in tables:
        rows = await site.stage.rows(f"SELECT * FROM {table['name']}")
        assert not [secret for secret in known if secret in repr(rows)], table
    for message in await site.stage.messages():
        assert not [secret for secret in known if secret.encode() in (message.data or b"")]


async def test_orders_that_make_no_sense_say_why(site: Site) -> None:
    bus = site.stage.bus
    with pytest.raises(ConflictError, match="set the webhook up first"):
        await bus.request(AskHookSecret(repository_id=site.repository.id, public_key=KEYS.public))
    with pytest.raises(ConflictError, match="repo add"):
        await bus.request(RotateSecret(repository_id=site.repository.id))
    with pytest.raises(ConflictError, match="repo add"):
        await bus.request(TryHook(repository_id=site.repository.id))
    with pytest.raises(UserError, match="sealed_secret"):
        await bus.request(ResealSecret(sealed_secret="AAAA", public_key=KEYS.public))
    for order in (ConnectHook, RotateSecret, TryHook):
        with pytest.raises(NotFoundError):
            await bus.request(order(repository_id=RepositoryId("repo_0")))
    told = NoteDelivery(repository_id=RepositoryId("repo_0"), kind=DeliverySeen.EVENT, received_at=datetime.now(UTC))
    assert not (await bus.request(told)).accepted


async def test_of_a_removed_repository_nothing_is_kept(site: Site) -> None:
    await connect(site)
    await rotate(site)
    other = Hook(7001, "https://ci.example/api/triggers/other", kind="gitea")
    site.at_forge.hooks.append(other)
    order = RemoveRepository(repository_id=site.repository.id, removes_webhook=True)
    assert await site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS) == Accepted(accepted=True)
    assert site.at_forge.hooks == [other]
    assert await site.stage.rows("SELECT * FROM orchestrator.hooks") == []
    with pytest.raises(NotFoundError):
        await connect(site)
