"""What the orchestrator's parts work with; made once, by the one who starts them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from tisktask_common.bus.connection import Bus
from tisktask_common.database.pool import Pool
from tisktask_orchestrator.secrets import Secrets
from tisktask_orchestrator.settings import OrchestratorSettings


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Collaborators:
    """The bus, the database, the settings, the clock, and the bell that wakes the dispatcher."""

    bus: Bus
    pool: Pool
    settings: OrchestratorSettings
    secrets: Secrets
    #: Set after a commit that made work or room for work.
    work_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set after a commit that left something to decide: who may run, whom a comment allows.
    vetting_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    #: What time it is, for schedules: leases go by the database's clock.
    now: Callable[[], datetime] = utc_now

    @cached_property
    def data_connections(self) -> asyncio.Semaphore:
        """Bound how many connections wait for the data of runs, which is locked: heartbeats must not wait for them."""
        return asyncio.Semaphore(max(1, self.settings.database_connections_max // 2))
