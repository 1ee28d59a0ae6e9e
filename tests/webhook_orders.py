"""A repository whose token may make webhooks, and orders about them as the API gives them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asking_forges import Site, asking
from forge import Forge, Rights
from nats_server import NatsServer
from tisktask_common.bus.connection import Bus
from tisktask_common.setup_requests import ConnectHook, HookEnsured

#: Where the webhooks lead to; nobody listens there.
URL = "http://127.0.0.1:9"
PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def administering(bus: Bus, nats_server: NatsServer, database_url: str, forge: Forge) -> AsyncIterator[Site]:
    """A repository of the forge is known with an administrator's token."""
    token = forge.state.add_token("robot", Rights.ADMIN)
    async with asking(bus, nats_server, database_url, forge, token, reconcile_seconds=0) as site:
        yield site


async def connect(site: Site, **fields: Any) -> HookEnsured:
    """Have the webhook made, or made right."""
    order = ConnectHook(repository_id=site.repository.id, **{"fallback_url": URL} | fields)
    return await site.stage.bus.request(order, PATIENCE_SECONDS, PATIENCE_SECONDS)
