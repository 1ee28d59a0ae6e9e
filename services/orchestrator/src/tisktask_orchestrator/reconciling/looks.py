"""Looks at repositories: a runner host says which commits branches and tags stand at, for all who want to know.

`looking/wishes.py` offers the look to one host, which takes it, looks, and answers in pieces. Each look has a number:
what comes late of a lost one changes nothing.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from tisktask_common.database.pool import Connection
from tisktask_common.errors import UserError
from tisktask_common.events import Repository
from tisktask_common.git_names import is_sha
from tisktask_common.looks import HeadsSeen, LookGrant, TakeLook
from tisktask_common.rpc import Accepted
from tisktask_orchestrator.beginning import tell_of_beginning
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.looking.wishes import LEASE_SECONDS, looks_total
from tisktask_orchestrator.reconciling import words as words_for_looks
from tisktask_orchestrator.reconciling.heads import reconcile_heads
from tisktask_orchestrator.repositories.reporting import seal_fetch_token
from tisktask_orchestrator.secrets import check_public_key
from tisktask_orchestrator.starting.waiting import start_waiting
from tisktask_orchestrator.store.heads import delete_heads, upsert_heads
from tisktask_orchestrator.store.looks import (
    LookRow,
    LookTimes,
    advance_look,
    fail_look,
    finish_look,
    lock_look,
    take_look,
)
from tisktask_orchestrator.store.starts import list_wanted_heads
from tisktask_orchestrator.superseding import cancel_superseded
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: The host's own limit, so that it can say that it took too long.
_LOOK_SECONDS_MAX = 45.0
_PIECE_REFS_MAX = 20_000
_DAY_SECONDS = 86_400.0
_REF_CHARS_MAX = 512
_REF = re.compile(r"refs/(heads|tags)/[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+|refs/pull/[0-9]+/head")

#: What is done, in the same transaction, when the heads of a repository are in; it returns the runs that it has made.
Follower = Callable[[Collaborators, Connection, LookRow], Awaitable[list[RunChange]]]
_FOLLOWERS: tuple[Follower, ...] = (reconcile_heads, start_waiting)


async def begin_look(collaborators: Collaborators, request: TakeLook, caller: str) -> LookGrant:
    """Give the host what it needs for a look that is its own."""
    require_runner(caller, request.runner)
    check_public_key(request.public_key)
    async with transaction(collaborators.pool) as connection:
        row = await take_look(connection, request.repository_id, request.runner, LEASE_SECONDS)
        also = await list_wanted_heads(connection, request.repository_id) if row else []
    if row is None:
        return LookGrant(granted=False, reason=words_for_looks.look_overtaken())
    return LookGrant(
        granted=True,
        number=row.number,
        repository=Repository(id=row.id, forge=row.forge, full_name=row.full_name),
        clone_url=row.clone_url,
        sealed_token=await seal_fetch_token(collaborators, row.id, row.token, request.public_key),
        refs_max=collaborators.settings.look_refs_max,
        seconds_max=_LOOK_SECONDS_MAX,
        also=also,
    )


async def note_heads(collaborators: Collaborators, seen: HeadsSeen, caller: str) -> Accepted:
    """Note a piece of what a look has seen; with the last one, do what was waited for. Repeated, it changes nothing."""
    require_runner(caller, seen.runner)
    _check(seen)
    made: list[RunChange] = []
    async with transaction(collaborators.pool) as connection:
        look = await lock_look(connection, seen.repository_id, seen.number, seen.runner)
        if look is None:
            looks_total.labels("overtaken").inc()
            return Accepted(accepted=False, reason=words_for_looks.look_overtaken())
        if seen.error:
            await fail_look(connection, look.repository_id, bounded(seen.error, REASON_CHARS_MAX))
        elif seen.after == look.seen_up_to:
            made = await _take_in(collaborators, connection, look, seen)
        elif seen.after > look.seen_up_to:
            raise UserError(words_for_looks.refs_not_in_order())
    await _tell(collaborators, look, seen, made)
    return Accepted(accepted=True)


async def _take_in(
    collaborators: Collaborators, connection: Connection, look: LookRow, seen: HeadsSeen
) -> list[RunChange]:
    await upsert_heads(connection, look.repository_id, seen.heads, look.seen_from)
    await delete_heads(connection, look.repository_id, list(seen.heads), seen.after, seen.until)
    if seen.until is not None:
        await advance_look(connection, look.repository_id, seen.until, LEASE_SECONDS)
        return []
    look = replace(look, default_ref=seen.default_ref)
    made = [change for follow in _FOLLOWERS for change in await follow(collaborators, connection, look)]
    settings = collaborators.settings
    times = LookTimes(settings.reconcile_seconds or _DAY_SECONDS, settings.reconcile_grace_seconds)
    await finish_look(connection, look, times)
    return made


async def _tell(collaborators: Collaborators, look: LookRow, seen: HeadsSeen, made: list[RunChange]) -> None:
    if seen.error:
        looks_total.labels("failed").inc()
        log.warning("look_failed", repository=look.full_name, runner=seen.runner, error=bounded(seen.error, 500))
    elif seen.until is None:
        looks_total.labels("seen").inc()
        log.debug("look_made", repository=look.full_name, runner=seen.runner)
    for change in made:
        await tell_of_beginning(collaborators, change)
        await cancel_superseded(collaborators, change.run.trigger_id)


def _check(seen: HeadsSeen) -> None:
    names = list(seen.heads)
    default = [seen.default_ref] if seen.default_ref is not None else []
    for ref in [*names, *default]:
        if len(ref) > _REF_CHARS_MAX or not _REF.fullmatch(ref) or not is_sha(seen.heads.get(ref, "0" * 40)):
            raise UserError(words_for_looks.wrong_ref(ref))
    in_order = all(before < after for before, after in zip([seen.after, *names], names, strict=False))
    is_bounded = len(names) <= _PIECE_REFS_MAX and len(seen.after) <= _REF_CHARS_MAX
    if not in_order or not is_bounded or (seen.until is not None and (not names or names[-1] != seen.until)):
        raise UserError(words_for_looks.refs_not_in_order())
