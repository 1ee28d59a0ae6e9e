"""A run of a new commit cancels the older runs of its pull request or branch, as the repository wants it.

Who is newer is decided by the order in which the triggers came in: the runs' numbers.
"""

import structlog
from prometheus_client import Counter

from tisktask_common.ids import TriggerId
from tisktask_common.lifecycle import RunState
from tisktask_orchestrator import words
from tisktask_orchestrator.changes import changing_run
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import stop_run
from tisktask_orchestrator.store.runs import list_superseded_runs

log = structlog.get_logger()

runs_superseded = Counter("tisktask_runs_superseded_total", "Runs that were cancelled for a newer one")


async def cancel_superseded(collaborators: Collaborators, trigger: TriggerId) -> None:
    """Cancel what the trigger's run has overtaken. Done again, it finds nothing more.

    Each in a transaction of its own, after the one that made the run: nobody holds two runs' locks at once. The
    trigger is acknowledged after it, so that what a death leaves undone is done with its redelivery.
    """
    async with collaborators.pool.connection() as connection:
        overtaken = await list_superseded_runs(connection, trigger)
    for row in overtaken:
        async with changing_run(collaborators, row.run_id) as change:
            is_new = await stop_run(change, RunState.CANCELLED, words.superseded_by(row.newest_number))
        if is_new:
            runs_superseded.inc()
            log.info("run_superseded", run=row.run_id, by_number=row.newest_number)
