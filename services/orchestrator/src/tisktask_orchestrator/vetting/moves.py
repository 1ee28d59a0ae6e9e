"""The moves of a run that is vetted: it waits, it goes on, or it is over. All within the transaction of a change."""

from dataclasses import replace

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.events import Change, RunApproved, RunHeld
from tisktask_common.lifecycle import RunState
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.endings import finish_run
from tisktask_orchestrator.queueing import queue_preparation
from tisktask_orchestrator.store.rows import RunRow
from tisktask_orchestrator.store.runs import move_run
from tisktask_orchestrator.store.vetting import (
    Settlement,
    VettingRow,
    VettingState,
    note_approved,
    release_run,
    restrict_run,
    settle_vetting,
)
from tisktask_orchestrator.vetting import words
from tisktask_orchestrator.vetting.rules import is_authors

log = structlog.get_logger()

runs_vetted = Counter("tisktask_runs_vetted_total", "Runs that were vetted, by what became of them", ["outcome"])


async def let_run(change: RunChange, why: str = "", note: str = "") -> None:
    """Have a run prepared that nobody has to allow."""
    await settle_vetting(change.connection, change.run.id, Settlement(VettingState.NOT_NEEDED, why, note=note))
    await _go_on(change)
    _count(change, "restricted" if why else "trusted")


async def hold(change: RunChange, vetting: VettingRow, why: str) -> None:
    """Let a run wait for a person."""
    reason = words.waits(why)
    await move_run(change.connection, change.run.id, RunState.AWAITING_APPROVAL, reason)
    change.run = replace(change.run, state=RunState.AWAITING_APPROVAL, reason=reason)
    await settle_vetting(change.connection, change.run.id, Settlement(VettingState.WAITING, why))
    change.emit(RunHeld, reason=reason, jobs=vetting.programs)
    _count(change, "held")


async def approve(change: RunChange, vetting: VettingRow, actor: str, note: str = "") -> None:
    """Let a run go on that waits: of its commit, with the programs that were found in it."""
    connection, run = change.connection, change.run
    await restrict_run(connection, run.id, run.scope, vetting.programs_tree)
    await settle_vetting(connection, run.id, Settlement(VettingState.APPROVED, vetting.why, actor, note))
    change.run = replace(run, approved_tree=vetting.programs_tree, released_at=await release_run(connection, run.id))
    await note_author(connection, run)
    await _go_on(change, actor)
    _count(change, "approved")


async def note_author(connection: Connection, run: RunRow) -> None:
    """Remember whose run was approved: of the author of the change, not of others who have caused an event about it."""
    about = Change.model_validate(run.change)
    if about.actor and is_authors(about):
        await note_approved(connection, run.repository_id, about.actor)


async def refuse(change: RunChange, settlement: Settlement, reason: str) -> None:
    """End a run that nobody has allowed."""
    await settle_vetting(change.connection, change.run.id, settlement)
    await finish_run(change, RunState.SKIPPED, reason, is_refused=True)
    _count(change, settlement.state)


async def _go_on(change: RunChange, approved_by: str = "") -> None:
    await move_run(change.connection, change.run.id, RunState.PREPARING, "")
    change.run = replace(change.run, state=RunState.PREPARING, reason="")
    if approved_by:
        change.emit(RunApproved, approved_by=approved_by)
    await queue_preparation(change)


def _count(change: RunChange, outcome: str) -> None:
    runs_vetted.labels(outcome).inc()
    log.info("run_vetted", run=change.run.id, number=change.run.number, outcome=outcome)
