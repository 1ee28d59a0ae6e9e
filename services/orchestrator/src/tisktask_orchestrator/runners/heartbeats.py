"""Runner hosts report that they live: their leases are extended, and they hear what they have to stop."""

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.errors import UserError
from tisktask_common.events import RunnerEvent, RunnerJoined
from tisktask_common.labels import LABEL_FORM, LABELS_MAX, unusable_label
from tisktask_common.rpc import AttemptRef, Heartbeat, HeartbeatReply
from tisktask_common.subjects import event_subject
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import NAME_CHARS_MAX, bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import order_for
from tisktask_orchestrator.looking.wishes import looks_for
from tisktask_orchestrator.store.attempts import extend_leases
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_orchestrator.store.pauses import is_runner_paused, set_has_paused
from tisktask_orchestrator.store.rows import LeaseRow, WorkRow
from tisktask_orchestrator.store.runners import count_slots, join_host, list_due_jobs, offer_jobs, upsert_runner
from tisktask_orchestrator.transactions import transaction

ATTEMPTS_MAX = 10_000


async def note_heartbeat(collaborators: Collaborators, beat: Heartbeat, caller: str) -> HeartbeatReply:
    """Extend what the host holds; tell it what to stop and what is no longer its own."""
    require_runner(caller, beat.runner)
    _check(beat)
    beat = beat.model_copy(update={"problem": bounded(beat.problem, NAME_CHARS_MAX)})
    lease_seconds = collaborators.settings.lease_seconds
    async with transaction(collaborators.pool) as connection:
        has_joined = await join_host(connection, beat.runner)
        is_paused = await is_runner_paused(connection, beat.runner, beat.replica)
        if is_paused:
            # For those who look for room it is the same.
            beat = beat.model_copy(update={"is_draining": True})
        await upsert_runner(connection, beat, lease_seconds)
        if is_paused and beat.has_paused:
            await set_has_paused(connection, beat.runner, beat.replica)
        if has_joined:
            await announce_runner(
                connection, RunnerJoined(runner=beat.runner, slots=await count_slots(connection, beat.runner))
            )
        leases = await extend_leases(connection, beat.runner, beat.attempts, lease_seconds) if beat.attempts else []
        # Last: who holds jobs' rows waits for nothing any more.
        offers = await _offers(connection, beat, collaborators.settings.unclaimed_seconds)
        looks = await looks_for(connection, beat, collaborators.settings)
    if has_joined or len(beat.attempts) - beat.waiting < beat.slots:
        collaborators.work_wanted.set()
    return _reply(beat, leases, offers).model_copy(update={"is_paused": is_paused, "looks": looks})


async def announce_runner(connection: Connection, event: RunnerEvent) -> None:
    """Put an event about a host into the outbox."""
    message = Outgoing(event_subject(event), event.model_dump_json().encode(), event.id)  # pyright: ignore[reportArgumentType]
    await insert_outbox(connection, [Posted(f"runner:{event.runner}", message)])


async def _offers(connection: Connection, beat: Heartbeat, unclaimed_seconds: float) -> list[WorkRow]:
    """Choose jobs that ask for labels of this host: for its free slots, or to keep the next ones that become free."""
    if not beat.labels or beat.is_draining:
        return []
    if beat.free:
        return await offer_jobs(connection, beat, unclaimed_seconds)
    return await list_due_jobs(connection, beat)


def _reply(beat: Heartbeat, leases: list[LeaseRow], offers: list[WorkRow]) -> HeartbeatReply:
    own = {(lease.job_id, lease.attempt) for lease in leases}
    return HeartbeatReply(
        stop=[
            order_for(lease.job_id, lease.attempt, lease.stop_state, lease.stop_reason)
            for lease in leases
            if lease.stop_state is not None
        ],
        fenced=[
            AttemptRef(job_id=held.job_id, attempt=held.attempt)
            for held in beat.attempts
            if (held.job_id, held.attempt) not in own
        ],
        offers=[AttemptRef(job_id=offer.job_id, attempt=offer.attempt) for offer in offers],
    )


def _check(beat: Heartbeat) -> None:
    for field in ("runner", "replica", "pool", "version", "engine"):
        text = getattr(beat, field)
        if bounded(text, NAME_CHARS_MAX) != text:
            raise UserError(words.too_long(field, NAME_CHARS_MAX))
    if len(beat.attempts) > ATTEMPTS_MAX or not 0 <= beat.slots <= ATTEMPTS_MAX:
        raise UserError(words.too_long("attempts", ATTEMPTS_MAX))
    if not 0 <= beat.waiting <= ATTEMPTS_MAX or not 0 <= beat.free <= ATTEMPTS_MAX:
        raise UserError(words.too_long("waiting", ATTEMPTS_MAX))
    if len(beat.labels) > LABELS_MAX or (unusable_label(beat.labels) is not None):
        raise UserError(words.unusable_labels(LABELS_MAX, LABEL_FORM))
