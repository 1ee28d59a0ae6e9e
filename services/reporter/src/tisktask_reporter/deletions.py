"""What the deletion of runs asks of the reporter: whose states still have to be told, and what can be forgotten."""

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from tisktask_common.events import RunDeleted
from tisktask_common.run_deletion import ListUndelivered, NeededRuns
from tisktask_common.subjects import DAY_SECONDS, EVENTS
from tisktask_reporter.store import Store

log = structlog.get_logger()

#: An event may come again as long as the bus has it; younger statuses go by their age.
FORGOTTEN_AFTER_SECONDS = EVENTS.kept_seconds + DAY_SECONDS

statuses_forgotten = Counter("tisktask_statuses_forgotten_total", "Statuses that went with their deleted run")


@dataclass(frozen=True)
class Deletions:
    """Answers the orchestrator, and hears from it."""

    store: Store

    async def list_undelivered(self, request: ListUndelivered, _caller: str) -> NeededRuns:
        """Name the runs with states that are not at their forge yet, and are not given up."""
        return NeededRuns(run_ids=await self.store.list_waiting_runs(request.run_ids))

    async def forget_run(self, event: RunDeleted) -> None:
        count = await self.store.forget_run(event.run_id, FORGOTTEN_AFTER_SECONDS)
        if count:
            statuses_forgotten.inc(count)
            log.info("statuses_forgotten", run_id=event.run_id, count=count)
