"""Decides about runs that were inspected: asks the forge who may write, then the repository's setting.

Several orchestrators may do so at once, and each may die at any moment: what is taken is taken again after a while,
and only the newest taker decides.
"""

import asyncio
from dataclasses import dataclass, replace
from functools import partial

import structlog

from tisktask_common.approvals import ForkPolicy
from tisktask_common.events import Change
from tisktask_common.lifecycle import RunState
from tisktask_common.trigger_events import Cause, cause_of
from tisktask_orchestrator.changes import RunChange, changing_run
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.store.vetting import (
    Settlement,
    TakenVettingRow,
    VettingRow,
    VettingState,
    count_waiting_runs,
    note_right,
    postpone_vetting,
    read_fork_policy,
    read_person,
    read_vetting,
    restrict_run,
    take_vettings,
    trust_run,
)
from tisktask_orchestrator.transactions import transaction
from tisktask_orchestrator.vetting import words
from tisktask_orchestrator.vetting.moves import hold, let_run, refuse
from tisktask_orchestrator.vetting.questions import Later, NotTold, ask_pull, ask_right
from tisktask_orchestrator.vetting.rules import Right, Verdict, is_authors, is_head_unknown, is_trusted, judge, scope_of

log = structlog.get_logger()

_AT_ONCE = 8
#: Longer than all that is asked about one run takes.
_LEASE_SECONDS = 60.0
#: Of one pull request: its author can cause any number of events.
_WAITING_MAX = 20
#: So long an answer is waited for, until it counts as none. Where that means trust anyway, not long.
_PATIENCE_SECONDS = {Cause.WRITERS: 60.0, Cause.READERS: 60.0, Cause.COMMENTERS: 600.0}


@dataclass(frozen=True)
class _Found:
    """What the forge says about a run."""

    is_fork: bool
    right: Right
    problem: str = ""


async def decide_inspected(collaborators: Collaborators) -> None:
    """Decide about what is due, some of it."""
    async with transaction(collaborators.pool) as connection:
        taken = await take_vettings(connection, _AT_ONCE, _LEASE_SECONDS)
    await asyncio.gather(*(survive("vet_run", partial(_decide, collaborators, one)) for one in taken))
    if len(taken) == _AT_ONCE:
        collaborators.vetting_wanted.set()


async def _decide(collaborators: Collaborators, taken: TakenVettingRow) -> None:
    about = Change.model_validate(taken.change)
    found = await _find_out(collaborators, taken, about)
    if isinstance(found, Later):
        log.info("vetting_waits_for_forge", run=taken.run_id, reason=found.problem)
        async with collaborators.pool.connection() as connection:
            await postpone_vetting(connection, taken, found.seconds, words.asking(found.problem))
        return
    async with changing_run(collaborators, taken.run_id) as change:
        vetting = await read_vetting(change.connection, taken.run_id)
        is_overtaken = vetting is None or (vetting.state, vetting.number) != (VettingState.INSPECTED, taken.number)
        if vetting is None or is_overtaken or change.run.state != RunState.STAGED or change.run.stop_state:
            return
        await _carry_out(change, vetting, about, found)


async def _find_out(collaborators: Collaborators, taken: TakenVettingRow, about: Change) -> _Found | Later:
    patience_seconds = _PATIENCE_SECONDS[cause_of(about.event)] - taken.age_seconds
    is_fork = about.is_fork
    if is_head_unknown(about) and about.pull_request is not None:
        pull = await ask_pull(collaborators.bus, taken.repository_id, about.pull_request, patience_seconds)
        if isinstance(pull, Later):
            return pull
        # Of another head it is not known where this one comes from.
        head = None if isinstance(pull, NotTold) or pull.pull is None else pull.pull.change
        is_fork = head is None or head.sha != about.sha or head.is_fork
    if is_fork:
        return _Found(is_fork=True, right=Right.UNKNOWN)
    return await _find_right(collaborators, taken, about, patience_seconds)


async def _find_right(
    collaborators: Collaborators, taken: TakenVettingRow, about: Change, patience_seconds: float
) -> _Found | Later:
    async with collaborators.pool.connection() as connection:
        person = await read_person(connection, taken.repository_id, about.actor)
    if person.may_write:
        return _Found(is_fork=False, right=Right.WRITES)
    if not about.actor:
        return _Found(is_fork=False, right=Right.UNKNOWN)
    answer = await ask_right(collaborators.bus, taken.repository_id, about.actor, patience_seconds)
    match answer:
        case Later():
            return answer
        case NotTold(problem):
            return _Found(is_fork=False, right=Right.UNKNOWN, problem=problem)
        case _:
            async with collaborators.pool.connection() as connection:
                await note_right(connection, taken.repository_id, about.actor, may_write=answer.may_write)
            return _Found(is_fork=False, right=Right.WRITES if answer.may_write else Right.READS)


async def _carry_out(change: RunChange, vetting: VettingRow, about: Change, found: _Found) -> None:
    connection, run = change.connection, change.run
    person = await read_person(connection, run.repository_id, about.actor)
    if not found.is_fork:
        change.run = replace(run, is_restricted=False, scope="", change=await trust_run(connection, run.id))
    if not found.is_fork and is_trusted(about.event, found.right, person):
        await let_run(change)
        return
    scope = scope_of(about)
    # What is decided here is decided about these programs.
    await restrict_run(connection, run.id, scope, vetting.programs_tree)
    change.run = replace(change.run, is_restricted=True, scope=scope, approved_tree=vetting.programs_tree)
    why = _why(about, found)
    policy = await read_fork_policy(connection, run.repository_id)
    was_approved = person.was_approved and is_authors(about)
    match judge(policy, was_approved=was_approved, changes_programs=vetting.changes_programs):
        case Verdict.RUN:
            is_by_setting = policy is ForkPolicy.WITHOUT_SECRETS
            await let_run(change, why, words.BY_SETTING if is_by_setting else words.BY_EARLIER_APPROVAL)
        case Verdict.HOLD if await count_waiting_runs(connection, run.repository_id, scope) >= _WAITING_MAX:
            reason = words.too_many_waiting(_WAITING_MAX)
            await refuse(change, Settlement(VettingState.DECLINED, why, note=reason), reason)
        case Verdict.HOLD:
            await hold(change, vetting, why)
        case Verdict.REFUSE:
            settlement = Settlement(VettingState.DECLINED, why, note=words.REFUSED_BY_SETTING)
            await refuse(change, settlement, words.never(why))


def _why(about: Change, found: _Found) -> str:
    if found.is_fork:
        return words.FROM_FORK
    if found.right is Right.READS:
        return words.may_not_write(about.actor)
    return words.right_unknown(about.actor, found.problem)
