"""Who may wait for a refresh of the registry, in orders that the bus brings about only once in a long while."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from tisktask_common.rpc import RepositoryPage
from tisktask_common.sealing import KeyPair
from tisktask_ingest import registry_refresh
from tisktask_ingest.registry import Registry
from tisktask_ingest.registry_refresh import RegistryRefresh


class Link:
    """Answers when it is let; what is said on the bus is tried elsewhere."""

    is_ready = True
    reconnects = 0

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def ask_repositories(self, *_request: object) -> RepositoryPage:
        self.asked += 1
        await self.may_answer.wait()
        return RepositoryPage(items=[])


@pytest.mark.timeout(20)
async def test_a_delivery_that_comes_just_as_a_refresh_ends_waits_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_refresh, "ON_DEMAND_PAUSE_SECONDS", 0)
    link = Link()
    refresh = RegistryRefresh(cast("Any", link), Registry(), KeyPair.generate(), tmp_path / "repositories.json")
    link.may_answer.set()
    assert await refresh.on_demand()
    link.may_answer.clear()
    earlier = asyncio.create_task(refresh.on_demand())
    while link.asked < 2:
        await asyncio.sleep(0)
    # The refresh goes on in the very round of the loop in which the delivery asks: it is over, and nobody knows yet.
    link.may_answer.set()
    delivery = asyncio.create_task(refresh.on_demand())
    assert await earlier
    assert await delivery
    assert link.asked == 3
