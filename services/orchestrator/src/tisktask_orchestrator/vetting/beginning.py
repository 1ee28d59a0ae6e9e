"""How the vetting of a run begins: of a new one, and of one that repeats an older run."""

from tisktask_common.database.pool import Connection
from tisktask_common.events import Change
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.queueing import queue_inspection
from tisktask_orchestrator.store.rows import RunRow
from tisktask_orchestrator.store.vetting import (
    Settlement,
    VettingState,
    copy_vetting,
    insert_vetting,
    read_fork_policy,
    read_vetting,
    restrict_run,
)
from tisktask_orchestrator.vetting import words
from tisktask_orchestrator.vetting.moves import note_author
from tisktask_orchestrator.vetting.rules import Repeat, how_to_repeat, is_head_unknown, scope_of


async def begin_vetting(change: RunChange) -> None:
    """Have a run looked at; when that has ended, it is decided who has to allow it."""
    about = Change.model_validate(change.run.change)
    is_forks = about.is_fork and not is_head_unknown(about)
    await insert_vetting(change.connection, change.run.id, words.FROM_FORK if is_forks else "")
    if is_forks:
        await restrict_run(change.connection, change.run.id, scope_of(about))
    await queue_inspection(change)


async def find_repeat(connection: Connection, old: RunRow) -> Repeat:
    """Tell how a run may be run again."""
    vetting = await read_vetting(connection, old.id)
    policy = await read_fork_policy(connection, old.repository_id)
    is_restricted = old.is_restricted or Change.model_validate(old.change).is_fork
    return how_to_repeat(VettingState(vetting.state) if vetting else None, policy, is_restricted=is_restricted)


async def restrict_repeat(change: RunChange, old: RunRow, repeat: Repeat, actor: str) -> None:
    """Keep the repeating run apart as the older one, and note who has allowed it."""
    connection, run = change.connection, change.run.id
    if repeat is Repeat.APPROVED:
        settlement = Settlement(VettingState.APPROVED, "", actor or words.SOMEBODY)
        await note_author(connection, old)
    else:
        settlement = Settlement(VettingState.NOT_NEEDED, "", note=words.BY_SETTING)
    await restrict_run(connection, run, old.scope, old.approved_tree)
    await copy_vetting(connection, run, old.id, settlement)
