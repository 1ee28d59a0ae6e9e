"""The beginning of a run, of a webhook's trigger or of one that was made here: its first job is queued."""

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.events import Given, RunCreated, TriggerReceived
from tisktask_common.ids import new_run_id
from tisktask_orchestrator.changes import RunChange, tell_after_commit, write_down
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.lines import line_of
from tisktask_orchestrator.queueing import queue_preparation
from tisktask_orchestrator.store.runs import Origin, insert_run, set_run_line
from tisktask_orchestrator.triggers_taken import take_in
from tisktask_orchestrator.vetting.beginning import begin_vetting
from tisktask_orchestrator.vetting.people import needs_vetting

log = structlog.get_logger()

runs_created = Counter("tisktask_runs_created_total", "Runs made of triggers")


async def begin_run(
    connection: Connection, trigger: TriggerReceived, *, supersedes: bool = True, origin: Origin = Origin.WEBHOOK
) -> RunChange | None:
    """Make the trigger's run, in the caller's transaction; after its commit `tell_of_beginning` is to be called.

    None: it was made before, or the repository was removed meanwhile. `supersedes`: it overtakes older runs of its
    line, and may be overtaken (`cancel_superseded` does that, after the commit).
    """
    if not await take_in(connection, trigger, origin):
        return None
    is_vetted = await needs_vetting(connection, trigger, origin)
    run = await insert_run(connection, new_run_id(), trigger, is_vetted=is_vetted)
    change = RunChange(connection, run)
    if supersedes and (line := line_of(trigger.change)):
        await set_run_line(connection, change.run.id, line)
    given = {name: getattr(trigger, name) for name in Given.model_fields}
    change.emit(RunCreated, trigger_id=run.trigger_id, is_restricted=is_vetted and trigger.change.is_fork, **given)
    await (begin_vetting(change) if is_vetted else queue_preparation(change))
    await write_down(change)
    return change


async def tell_of_beginning(collaborators: Collaborators, change: RunChange) -> None:
    """Say what was committed."""
    await tell_after_commit(collaborators, change)
    runs_created.inc()
    log.info("run_created", run=change.run.id, number=change.run.number, trigger=change.run.trigger_id)
