"""Puts queued jobs on the work stream: about as many as the live runners have room for, fair between repositories.

The queue itself is in PostgreSQL: a work stream is first in, first out, and one repository would starve the others.
"""

import json

import structlog

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.ids import new_event_id
from tisktask_common.subjects import DEFAULT_POOL, work_subject
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_orchestrator.store.rows import WorkRow
from tisktask_orchestrator.store.runners import dispatch_jobs, lock_dispatch, redispatch_jobs, try_lock_dispatch
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: One runs and one is on its way, so that a slot that becomes free is filled without asking us.
JOBS_PER_SLOT = 2


async def dispatch_waiting(collaborators: Collaborators) -> int:
    """Offer waiting jobs to the runners; returns how many."""
    async with transaction(collaborators.pool) as connection:
        await lock_dispatch(connection)
        return await _dispatch(connection)


async def dispatch_within(connection: Connection) -> bool:
    """Offer waiting jobs in the transaction that has just queued some; False: another dispatcher is choosing now.

    It saves a transaction between a trigger and its work. Whoever holds the lock waits for no other lock any more,
    so nobody waits in a circle.
    """
    if not await try_lock_dispatch(connection):
        return False
    await _dispatch(connection)
    return True


async def _dispatch(connection: Connection) -> int:
    chosen = await dispatch_jobs(connection, DEFAULT_POOL, JOBS_PER_SLOT)
    if chosen:
        await insert_outbox(connection, [_message(work) for work in chosen])
    return len(chosen)


async def dispatch_unclaimed(collaborators: Collaborators) -> int:
    """Offer again what nobody has claimed: its message may be gone. If it is not, the stream refuses a second one."""
    async with transaction(collaborators.pool) as connection:
        chosen = await redispatch_jobs(connection, DEFAULT_POOL, collaborators.settings.unclaimed_seconds)
        if chosen:
            await insert_outbox(connection, [_message(work) for work in chosen])
            log.info("jobs_offered_again", count=len(chosen))
    return len(chosen)


def _message(work: WorkRow) -> Posted:
    subject = work_subject(work.pool, work.job_id, work.attempt)
    body = {"run_id": work.run_id, "job_id": work.job_id, "attempt": work.attempt}
    # A new id each time: the stream would take an offer that is repeated under its old one for a duplicate.
    return Posted(subject, Outgoing(subject, json.dumps(body).encode(), new_event_id()))
