"""A repository is removed whatever becomes of its webhook, and people are told what they have to do at the forge."""

from collections.abc import AsyncIterator

import pytest

from asking_forges import NAME, Site, forge_with_repository
from forge import Flavour, Forge, Hook, Reply
from nats_server import NatsServer
from tisktask_common.bus.connection import Bus
from tisktask_common.rpc import Accepted, RemoveRepository
from webhook_orders import PATIENCE_SECONDS, URL, administering, connect


@pytest.fixture
async def forge() -> AsyncIterator[Forge]:
    forge = await forge_with_repository(Flavour.GITEA)
    yield forge
    await forge.stop()
    forge.check()


@pytest.fixture
async def site(bus: Bus, nats_server: NatsServer, database_url: str, forge: Forge) -> AsyncIterator[Site]:
    async with administering(bus, nats_server, database_url, forge) as site:
        yield site


async def test_a_repository_is_removed_also_if_its_webhook_has_to_stay(site: Site) -> None:
    made = await connect(site)
    site.forge.faults.add(Reply(403, {"message": "not any more"}))
    done = await remove(site, removes_webhook=True)
    assert done.accepted
    assert made.url in done.reason
    assert "not any more" in done.reason
    assert len(site.at_forge.hooks) == 1
    assert await remove(site, removes_webhook=True) == Accepted(accepted=True)


async def test_a_webhook_that_is_to_be_kept_is_kept_and_of_one_by_hand_people_are_told(site: Site) -> None:
    site.at_forge.hooks.append(Hook(7001, f"{URL}/api/triggers/gitea", kind="gitea"))
    assert await remove(site) == Accepted(accepted=True)
    sealed = await site.stage.seal("by hand")
    added = await site.stage.add_repository(NAME, forge="gitea", sealed_webhook_secret=sealed)
    order = RemoveRepository(repository_id=added.id, removes_webhook=True)
    assert "by hand" in (await site.stage.bus.request(order)).reason
    assert len(site.at_forge.hooks) == 1


async def remove(site: Site, *, removes_webhook: bool = False) -> Accepted:
    order = RemoveRepository(repository_id=site.repository.id, removes_webhook=removes_webhook)
    return await site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS)
