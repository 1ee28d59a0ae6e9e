"""An orchestrator, the reporter that asks forges for it, and the model of a forge, all together on real servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from forge import Flavour, Forge, Token
from forge.state import Repository as ForgeRepository
from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, staging
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.database.pool import open_pool
from tisktask_common.events import Repository
from tisktask_common.process.settings import BusSettings
from tisktask_reporter.__main__ import run_reporter
from tisktask_reporter.settings import ReporterSettings

NAME = "octo/demo"


@dataclass
class Site:
    """What a test works with."""

    stage: Stage
    forge: Forge
    token: Token
    repository: Repository

    @property
    def at_forge(self) -> ForgeRepository:
        return self.forge.state.repository(NAME)

    async def ask_again(self) -> None:
        """Have the forge be asked once more, and wait until it has answered."""
        (before,) = await self.rows()
        await self.stage.rows("UPDATE orchestrator.forge_looks SET next_at = now(), deliveries_next_at = now()")

        async def probe() -> bool:
            (row,) = await self.rows()
            return row["number"] > before["number"] and row["is_idle"]

        await eventually(probe, "the forge was asked")

    async def rows(self) -> list[dict[str, Any]]:
        return await self.stage.rows(
            "SELECT *, next_at < now() + interval '20 minutes' OR error <> '' AS is_idle FROM orchestrator.forge_looks"
        )

    async def wait_for_baseline(self) -> None:
        async def probe() -> bool:
            return any(row["baseline_url"] or row["error"] for row in await self.rows())

        await eventually(probe, "the forge was asked for the first time")


@asynccontextmanager
async def asking(
    bus: Bus, nats_server: NatsServer, database_url: str, forge: Forge, token: Token, **settings: Any
) -> AsyncIterator[Site]:
    """A repository of the forge is known; it is asked when a test wants it."""
    fields = {"reconcile_seconds": 600, "reconcile_grace_seconds": 0, "lease_seconds": 60} | settings
    async with staging(bus, nats_server.url, database_url, **fields) as stage, reporting(stage):
        repository = await stage.add_repository(
            NAME,
            forge=str(forge.state.flavour),
            api_url=forge.api_url,
            clone_url=f"{forge.root_url}/{NAME}.git",
            sealed_token=await stage.seal(token.value),
        )
        yield Site(stage, forge, token, repository)


@asynccontextmanager
async def reporting(stage: Stage) -> AsyncIterator[None]:

    settings = ReporterSettings(
        nats_url=stage.nats_url,
        nats_user="reporter",
        database_url=stage.settings.database_url,
        post_seconds_max=2,
        github_post_pause_seconds=0,
    )
    bus = await connect(BusSettings(nats_url=stage.nats_url, nats_user="reporter"), "reporter")
    pool = await open_pool(settings, "reporter")
    work = asyncio.create_task(run_reporter(settings, bus, pool))
    try:
        yield
        assert not work.done(), work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await pool.close()
        await bus.close()


async def forge_with_repository(flavour: Flavour) -> Forge:
    forge = await Forge.start(flavour)
    forge.state.add_repository(NAME)
    return forge
