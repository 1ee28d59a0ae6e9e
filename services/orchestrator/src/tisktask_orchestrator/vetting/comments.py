"""The comment `/ok-to-test [commit]` on a pull request: by somebody who may write, it approves what waits at the head.

The head is the one at that moment, and a run must have been there before: what is pushed after the comment is not
what its writer has seen.
"""

import asyncio
import re
from datetime import timedelta
from functools import partial

import structlog

from tisktask_common.events import TriggerReceived
from tisktask_common.forge_requests import PullAnswer
from tisktask_common.lifecycle import RunState
from tisktask_orchestrator.changes import changing_run
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.store.approval_comments import (
    ApprovalComment,
    CandidateRow,
    TakenCommentRow,
    delete_approval_comment,
    insert_approval_comment,
    list_runs_for_comment,
    postpone_approval_comment,
    take_approval_comments,
)
from tisktask_orchestrator.store.runs import Origin
from tisktask_orchestrator.store.vetting import note_right, note_vetting
from tisktask_orchestrator.transactions import transaction
from tisktask_orchestrator.triggers_taken import take_in
from tisktask_orchestrator.vetting import words
from tisktask_orchestrator.vetting.orders import approve_waiting
from tisktask_orchestrator.vetting.questions import Later, NotTold, ask_pull, ask_right

log = structlog.get_logger()

_AT_ONCE = 4
_LEASE_SECONDS = 60.0
#: So long the forge is asked. Runs that are being looked at are waited for as long as these have.
_PATIENCE_SECONDS = 600.0
_INSPECTION_PAUSE_SECONDS = 1.0
#: Forges tell times in whole seconds.
_SECOND = timedelta(seconds=1)
_PREFIX = re.compile(r"[0-9a-f]{7,64}")


async def take_comment(collaborators: Collaborators, trigger: TriggerReceived) -> None:
    """Keep the comment; it makes no run. Heeded apart, so that a forge that is away holds up no other trigger."""
    change = trigger.change
    told_at = trigger.happened_at + _SECOND if trigger.happened_at else trigger.time
    async with transaction(collaborators.pool) as connection:
        if not await take_in(connection, trigger, Origin.WEBHOOK):
            return
        comment = ApprovalComment(
            trigger_id=trigger.trigger_id,
            repository_id=trigger.repository.id,
            pull_request=change.pull_request or 0,
            actor=change.actor,
            sha=change.sha,
            command=change.command,
            # A delivery may come much later than what it tells.
            said_at=min(told_at, trigger.time),
        )
        await insert_approval_comment(connection, comment)
    collaborators.vetting_wanted.set()


async def heed_comments(collaborators: Collaborators) -> None:
    """Heed what is due, some of it."""
    async with transaction(collaborators.pool) as connection:
        taken = await take_approval_comments(connection, _AT_ONCE, _LEASE_SECONDS)
    await asyncio.gather(*(survive("heed_comment", partial(_heed, collaborators, one)) for one in taken))
    if len(taken) == _AT_ONCE:
        collaborators.vetting_wanted.set()


async def _heed(collaborators: Collaborators, comment: TakenCommentRow) -> None:
    async with collaborators.pool.connection() as connection:
        candidates = await list_runs_for_comment(connection, comment)
    answer = await _find_head(collaborators, comment) if candidates else ""
    later_seconds: float | None = None
    match answer:
        case Later():
            later_seconds = answer.seconds
        case NotTold():
            log.info("approval_comment_refused", repository=comment.repository_id, reason=answer.problem)
            await _note(collaborators, candidates, answer.problem)
        case str():
            is_to_wait = await _approve(collaborators, comment, answer, candidates)
            later_seconds = max(_INSPECTION_PAUSE_SECONDS, comment.age_seconds / 60) if is_to_wait else None
    async with collaborators.pool.connection() as connection:
        if later_seconds is None:
            await delete_approval_comment(connection, comment)
        else:
            # The head of that moment stays the one that is meant.
            sha = answer if isinstance(answer, str) else comment.sha
            await postpone_approval_comment(connection, comment, sha, later_seconds)


async def _find_head(collaborators: Collaborators, comment: TakenCommentRow) -> str | Later | NotTold:
    """Find the commit that the comment is about, if its writer may say so."""
    login, patience_seconds = comment.actor, _PATIENCE_SECONDS - comment.age_seconds
    prefix = _prefix_of(comment)
    if prefix and not _PREFIX.fullmatch(prefix):
        return NotTold(words.wrong_prefix(login, prefix[:64]))
    right = await ask_right(collaborators.bus, comment.repository_id, login, patience_seconds)
    if isinstance(right, Later):
        return right
    if isinstance(right, NotTold):
        return NotTold(words.can_not_be_told(login, right.problem))
    async with collaborators.pool.connection() as connection:
        await note_right(connection, comment.repository_id, login, may_write=right.may_write)
    if not right.may_write:
        return NotTold(words.may_not_approve(login))
    return comment.sha or await _ask_head(collaborators, comment, patience_seconds)


async def _ask_head(
    collaborators: Collaborators, comment: TakenCommentRow, patience_seconds: float
) -> str | Later | NotTold:
    pull = await ask_pull(collaborators.bus, comment.repository_id, comment.pull_request, patience_seconds)
    if isinstance(pull, PullAnswer) and pull.pull:
        return pull.pull.change.sha
    if isinstance(pull, Later):
        return pull
    problem = pull.problem if isinstance(pull, NotTold) else words.NO_SUCH_PULL
    return NotTold(words.head_not_told(comment.actor, problem))


async def _approve(
    collaborators: Collaborators, comment: TakenCommentRow, sha: str, candidates: list[CandidateRow]
) -> bool:
    """Approve what the comment is about; True: some of it is being looked at, and may have to be approved then."""
    is_to_wait = False
    for run in candidates:
        if not run.is_older:
            await _note(collaborators, [run], words.made_after(comment.actor))
        elif run.sha != sha or not run.sha.startswith(_prefix_of(comment)):
            await _note(collaborators, [run], words.other_commit(comment.actor, _prefix_of(comment) or sha))
        elif run.state == RunState.STAGED:
            is_to_wait = True
        else:
            async with changing_run(collaborators, run.id) as change:
                accepted = await approve_waiting(change, f"@{comment.actor}", words.approved_by_comment(comment.actor))
            log.info("approval_comment_heeded", run=run.id, actor=comment.actor, accepted=accepted.accepted)
    return is_to_wait


def _prefix_of(comment: TakenCommentRow) -> str:
    words_of_command = comment.command.split()
    return words_of_command[1].lower() if len(words_of_command) > 1 else ""


async def _note(collaborators: Collaborators, candidates: list[CandidateRow], note: str) -> None:
    async with collaborators.pool.connection() as connection:
        for run in candidates:
            await note_vetting(connection, run.id, note)
