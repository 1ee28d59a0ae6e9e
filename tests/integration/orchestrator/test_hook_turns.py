"""Orders about webhooks that take long, or that a forge could not be told: nobody else's turn is ended, nothing forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from asking_forges import NAME, Site, forge_with_repository
from forge import Flavour, Hang
from nats_server import NatsServer
from orchestrator_looks import sha
from orchestrator_stage import eventually
from tisktask_common.bus.connection import Bus
from webhook_orders import administering, connect


@pytest.fixture
async def site(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Site]:
    forge = await forge_with_repository(Flavour.FORGEJO)
    try:
        forge.state.repository(NAME).commits.add(sha("a"))
        async with administering(bus, nats_server, database_url, forge) as site:
            yield site
    finally:
        await forge.stop()
    forge.check()


async def test_who_has_taken_longer_than_its_turn_does_not_end_that_of_another(site: Site) -> None:
    site.forge.faults.add(Hang(0.3))
    making = asyncio.create_task(connect(site))

    async def is_busy() -> bool:
        return bool(await site.stage.rows("SELECT hook_id FROM orchestrator.hooks WHERE busy_until > now()"))

    await eventually(is_busy, "the webhook is being made")
    await site.stage.rows("UPDATE orchestrator.hooks SET busy_until = now() + interval '1 hour'")
    await making
    assert await is_busy()


async def test_what_a_forge_that_was_away_could_not_be_told_is_told_later_by_itself(site: Site) -> None:
    await site.forge.stop()
    assert (await connect(site)).problem
    await site.forge.start_again()
    await site.stage.rows("UPDATE orchestrator.hooks SET retry_at = now()")

    async def probe() -> bool:
        return (
            bool(site.at_forge.hooks)
            and not (await site.stage.rows("SELECT problem FROM api.repository_hooks"))[0]["problem"]
        )

    await eventually(probe, "the webhook was made")


async def test_another_address_that_a_forge_could_not_be_told_is_told_later_too(site: Site) -> None:
    await connect(site)
    await site.forge.stop()
    assert (await connect(site, webhook_url="https://ci.example.org")).problem
    await site.forge.start_again()
    await site.stage.rows("UPDATE orchestrator.hooks SET retry_at = now()")

    async def probe() -> bool:
        return not (await site.stage.rows("SELECT problem FROM api.repository_hooks"))[0]["problem"]

    await eventually(probe, "the forge was told")
    assert [hook.url for hook in site.at_forge.hooks] == [
        f"https://ci.example.org/api/triggers/{site.forge.state.flavour}"
    ]
