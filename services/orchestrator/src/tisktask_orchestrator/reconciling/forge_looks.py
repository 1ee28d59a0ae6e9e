"""Asks the forges, a few repositories at a time: what they could not deliver, and which pull requests are open."""

import asyncio
from functools import partial

from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import repeat, survive
from tisktask_orchestrator.reconciling.pull_requests import reconcile_pulls
from tisktask_orchestrator.reconciling.redelivery import ask_for_failed
from tisktask_orchestrator.store.forge_looks import (
    ForgeLookRow,
    begin_forge_looks,
    hasten_forge_looks,
    insert_forge_looks,
)
from tisktask_orchestrator.transactions import transaction

#: Repositories that are asked about at once.
_AT_ONCE = 4
_ROUND_SECONDS = 1.0
#: Longer than all that is asked about one repository takes.
_LEASE_SECONDS = 1800.0
#: After a start the first questions are spread over as much time.
_START_SECONDS_MAX = 30.0


async def ask_forges_forever(collaborators: Collaborators) -> None:
    """Ask about every repository soon after the start, and again and again."""
    if collaborators.settings.reconcile_seconds == 0:
        await asyncio.Event().wait()
    has_begun = False

    async def step() -> None:
        nonlocal has_begun
        async with transaction(collaborators.pool) as connection:
            await insert_forge_looks(connection)
            if not has_begun:
                await hasten_forge_looks(connection, min(_START_SECONDS_MAX, collaborators.settings.reconcile_seconds))
            looks = await begin_forge_looks(connection, _AT_ONCE, _LEASE_SECONDS)
        has_begun = True
        await asyncio.gather(*(survive("ask_forge", partial(_ask, collaborators, look)) for look in looks))

    await repeat("ask_forges", step, _ROUND_SECONDS)


async def _ask(collaborators: Collaborators, look: ForgeLookRow) -> None:
    # First: what is delivered after all needs not be found.
    if look.asks_for_deliveries:
        await ask_for_failed(collaborators, look)
    await reconcile_pulls(collaborators, look)
