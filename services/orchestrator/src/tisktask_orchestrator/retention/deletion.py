"""Deletes one run that has ended, whole or not at all: its rows go and its event leaves in one transaction."""

from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.errors import ConflictError
from tisktask_common.events import RunDeleted
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import RUN_ENDS
from tisktask_common.rpc import Accepted
from tisktask_common.run_deletion import DeleteRun
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.retention import words
from tisktask_orchestrator.retention.needed_runs import Patience, find_needed
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_orchestrator.store.retention import TiesRow, delete_run, read_run_ties
from tisktask_orchestrator.store.rows import RunRow
from tisktask_orchestrator.store.run_data import delete_run_data
from tisktask_orchestrator.store.runs import lock_run
from tisktask_orchestrator.transactions import transaction

_ACTOR_CHARS_MAX = 100
#: All of it within the time of one request: a person waits for the answer. He may want a log gone whose host is gone.
_PATIENCE = Patience(reading_seconds=0.8, answer_seconds=0.4, log_seconds=600)

runs_deleted = Counter("tisktask_runs_deleted_total", "Runs that were deleted", ["by"])


async def delete_by_order(collaborators: Collaborators, request: DeleteRun, _caller: str) -> Accepted:
    """Delete a run as a person wants; what is still needed raises a ConflictError that says what for."""
    async with transaction(collaborators.pool) as connection:
        run = await _lock_free(connection, request.run_id)
    if run is None:
        # The same order given twice.
        return Accepted(accepted=True)
    needed = await find_needed(collaborators.bus, [run.id], _PATIENCE)
    if why := needed.get(run.id):
        raise ConflictError(why(run.number))
    if await delete_ended(collaborators, run.id, words.deleted_by(bounded(request.actor, _ACTOR_CHARS_MAX))):
        runs_deleted.labels("order").inc()
    return Accepted(accepted=True)


async def delete_ended(collaborators: Collaborators, run: RunId, reason: str) -> bool:
    """Delete a run, unless something of it is needed here: that is a ConflictError. False: it was not there."""
    async with transaction(collaborators.pool) as connection:
        # What its jobs shared can be most of its rows, and may go before the rest: the run has ended.
        if await _lock_free(connection, run):
            await delete_run_data(connection, run)
    async with transaction(collaborators.pool) as connection:
        # Once more: a run may have been made that carries over from this one.
        locked = await _lock_free(connection, run)
        if locked is None:
            return False
        change = RunChange(connection, locked)
        change.emit(RunDeleted, reason=reason)
        await insert_outbox(connection, [Posted(locked.repository_id, event) for event in change.events])
        await delete_run(connection, run)
    return True


async def _lock_free(connection: Connection, run: RunId) -> RunRow | None:
    """Lock a run that nothing here needs any more; raises ConflictError if something does."""
    locked = await lock_run(connection, run)
    if locked is None:
        return None
    if kept := _why_kept(locked, await read_run_ties(connection, run)):
        raise ConflictError(kept)
    return locked


def _why_kept(run: RunRow, ties: TiesRow | None) -> str | None:
    if run.state not in RUN_ENDS or run.finished_at is None:
        return words.still_at_work(run.number, run.state)
    if ties is None or ties.is_at_work:
        return words.lease_open(run.number)
    if ties.is_in_outbox:
        return words.events_on_their_way(run.number)
    if ties.carried_into is not None:
        return words.shown_in(run.number, ties.carried_into)
    return None
