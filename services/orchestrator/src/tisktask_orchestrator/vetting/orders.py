"""People allow or decline runs that wait; and what nobody has allowed in time is not run."""

from functools import partial

from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.ids import RunId
from tisktask_common.lifecycle import RUN_ENDS, RunState
from tisktask_common.rpc import Accepted
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.changes import RunChange, changing_run
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.store.vetting import Settlement, VettingState, list_expired_vettings, read_vetting
from tisktask_orchestrator.vetting import words
from tisktask_orchestrator.vetting.moves import approve, refuse

_ACTOR_CHARS_MAX = 100
_DAY_SECONDS = 86_400


async def approve_run(collaborators: Collaborators, request: ApproveRun, _caller: str) -> Accepted:
    """Let a run go on that waits; asked again, the first answer holds."""
    async with changing_run(collaborators, request.run_id) as change:
        return await approve_waiting(change, bounded(request.actor, _ACTOR_CHARS_MAX) or words.SOMEBODY)


async def approve_waiting(change: RunChange, actor: str, note: str = "") -> Accepted:
    """Approve the run of a change if it waits; that it was approved before is as good."""
    vetting = await read_vetting(change.connection, change.run.id)
    if vetting and vetting.state == VettingState.APPROVED and change.run.state not in RUN_ENDS:
        return Accepted(accepted=True)
    if vetting is None or change.run.state != RunState.AWAITING_APPROVAL or change.run.stop_state:
        return _not_waiting(change)
    await approve(change, vetting, actor, note)
    return Accepted(accepted=True)


async def decline_run(collaborators: Collaborators, request: DeclineRun, _caller: str) -> Accepted:
    """End a run that waits; asked again, the first answer holds."""
    actor = bounded(request.actor, _ACTOR_CHARS_MAX) or words.SOMEBODY
    async with changing_run(collaborators, request.run_id) as change:
        vetting = await read_vetting(change.connection, change.run.id)
        if vetting and vetting.state == VettingState.DECLINED and change.run.state in RUN_ENDS:
            return Accepted(accepted=True)
        if vetting is None or change.run.state != RunState.AWAITING_APPROVAL:
            return _not_waiting(change)
        reason = bounded(words.declined(actor, request.reason), REASON_CHARS_MAX)
        note = bounded(request.reason, REASON_CHARS_MAX)
        await refuse(change, Settlement(VettingState.DECLINED, vetting.why, actor, note), reason)
    return Accepted(accepted=True)


async def expire_waiting(collaborators: Collaborators) -> None:
    """End what has waited for too long."""
    async with collaborators.pool.connection() as connection:
        runs = await list_expired_vettings(connection, collaborators.settings.approval_days_max * _DAY_SECONDS)
    for run in runs:
        await survive("expire_run", partial(_expire, collaborators, run))


async def _expire(collaborators: Collaborators, run: RunId) -> None:
    async with changing_run(collaborators, run) as change:
        vetting = await read_vetting(change.connection, run)
        if vetting and change.run.state == RunState.AWAITING_APPROVAL:
            reason = words.expired(collaborators.settings.approval_days_max)
            await refuse(change, Settlement(VettingState.EXPIRED, vetting.why), reason)


def _not_waiting(change: RunChange) -> Accepted:
    is_early = change.run.state == RunState.STAGED
    reason = words.IS_BEING_LOOKED_AT if is_early else words.not_waiting(change.run.state)
    return Accepted(accepted=False, reason=reason)
