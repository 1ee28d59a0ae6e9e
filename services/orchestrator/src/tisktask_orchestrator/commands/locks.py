"""Locks: of all jobs of a repository, in all its runs, one holds a lock; the others have it in their order.

The run's lock is held throughout, so a job's end and its taking of a lock never happen at the same time.
"""

from tisktask_common.errors import ConflictError, UserError
from tisktask_common.job_requests import LockReply, ReleaseLock, TakeLock
from tisktask_common.rpc import Accepted
from tisktask_orchestrator import words_for_data
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.holdings import tell_waiters
from tisktask_orchestrator.store.locks import (
    LockKey,
    count_locks_of_job,
    delete_lock,
    delete_lock_waiter,
    drop_stale_locks,
    lock_lock_name,
    read_first_waiter,
    read_lock,
    scoped_name,
    upsert_lock,
    upsert_lock_waiter,
)
from tisktask_orchestrator.store.rows import AuthorityRow

NAME_CHARS_MAX = 200
LOCKS_PER_JOB_MAX = 100
SECONDS_MAX = 366 * 86_400
#: Who waits asks every few seconds; who has not for so long has given up or is gone.
PATIENCE_SECONDS = 10.0


async def take_lock(collaborators: Collaborators, request: TakeLock, caller: str) -> LockReply:
    """Take the lock if it is free and nobody is before the job; to its holder it is granted again."""
    require_runner(caller, request.runner)
    _check_name(request.name)
    if request.seconds_max is not None and not (0 < request.seconds_max <= SECONDS_MAX):
        raise UserError(words_for_data.wrong_lock_seconds(SECONDS_MAX))
    async with changing_run_of_job(collaborators, request.job_id) as change:
        taker = await require_attempt(change.connection, request, caller)
        lock = LockKey(taker.repository_id, scoped_name(taker.scope, request.name))
        await lock_lock_name(change.connection, lock)
        await drop_stale_locks(change.connection, lock, PATIENCE_SECONDS)
        return await _take_or_queue(change, lock, taker, request)


async def release_lock(collaborators: Collaborators, request: ReleaseLock, caller: str) -> Accepted:
    """Give a lock back, or the place in the queue for it."""
    require_runner(caller, request.runner)
    _check_name(request.name)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        holder = await require_attempt(change.connection, request, caller)
        lock = LockKey(holder.repository_id, scoped_name(holder.scope, request.name))
        await lock_lock_name(change.connection, lock)
        was_held = await delete_lock(change.connection, lock, holder.job_id)
        has_waited = await delete_lock_waiter(change.connection, lock, holder.job_id)
        if not was_held and not has_waited:
            return Accepted(accepted=False, reason=words_for_data.lock_not_held(request.name))
        # Who gives up waiting may have stood before others while the lock was free.
        await tell_waiters(change, lock)
    return Accepted(accepted=True)


async def _take_or_queue(change: RunChange, lock: LockKey, taker: AuthorityRow, request: TakeLock) -> LockReply:
    connection = change.connection
    holder = await read_lock(connection, lock)
    is_mine = holder is not None and holder.job_id == taker.job_id
    if not is_mine and await count_locks_of_job(connection, taker.job_id) >= LOCKS_PER_JOB_MAX:
        raise ConflictError(words_for_data.too_many_locks(LOCKS_PER_JOB_MAX))
    first = await read_first_waiter(connection, lock)
    is_next = holder is None and (first is None or first.job_id == taker.job_id)
    if is_mine or is_next:
        await upsert_lock(connection, lock, taker.job_id, taker.attempt, request.seconds_max)
        await delete_lock_waiter(connection, lock, taker.job_id)
        return LockReply(is_taken=True)
    if request.is_waiting:
        await upsert_lock_waiter(connection, lock, taker.job_id, taker.attempt)
    said = ""
    if holder:
        said = words_for_data.lock_holder(holder.job_name, holder.run_number, holder.since)
    elif first:
        said = words_for_data.lock_waiter(first.job_name, first.run_number, first.since)
    return LockReply(is_taken=False, holder=said)


def _check_name(name: str) -> None:
    if not name or bounded(name, NAME_CHARS_MAX) != name:
        raise UserError(words_for_data.wrong_lock_name(NAME_CHARS_MAX))
