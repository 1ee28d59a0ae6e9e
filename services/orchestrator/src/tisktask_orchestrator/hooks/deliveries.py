"""Notes what ingest tells of deliveries, and hands secrets to the reporter, which tells the forges."""

from tisktask_common.delivery_notes import DeliverySeen, NoteDelivery
from tisktask_common.errors import ConflictError
from tisktask_common.rpc import Accepted
from tisktask_common.sealing import seal
from tisktask_common.setup_requests import AskHookSecret, NewestSecret, Resealed, ResealSecret
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.hooks import words
from tisktask_orchestrator.hooks.rotating import finish_rotations
from tisktask_orchestrator.secrets import check_public_key
from tisktask_orchestrator.store.hooks import (
    SeenDelivery,
    list_hook_secrets,
    note_delivery,
    note_refused_delivery,
)
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.transactions import transaction

_EVENT_CHARS_MAX = 60


async def note_arrival(collaborators: Collaborators, request: NoteDelivery, _caller: str) -> Accepted:
    """Know when the last delivery of a repository came."""
    async with transaction(collaborators.pool) as connection:
        if request.kind is DeliverySeen.WRONG_SIGNATURE:
            is_known = await note_refused_delivery(connection, request.repository_id, request.received_at)
        else:
            seen = SeenDelivery(
                request.repository_id,
                request.received_at,
                bounded(request.event, _EVENT_CHARS_MAX),
                request.secret_number,
                request.kind is DeliverySeen.TEST,
            )
            is_known = await note_delivery(connection, seen)
            await finish_rotations(connection, request.repository_id)
    reason = "" if is_known else words.unknown_repository(request.repository_id)
    return Accepted(accepted=is_known, reason=reason)


async def reseal_secret(collaborators: Collaborators, request: ResealSecret, _caller: str) -> Resealed:
    """Seal for the reporter what came to it sealed for us."""
    check_public_key(request.public_key)
    secret = collaborators.secrets.open(request.sealed_secret, words.unreadable_secret())
    return Resealed(sealed_secret=seal(secret, request.public_key))


async def tell_hook_secret(collaborators: Collaborators, request: AskHookSecret, _caller: str) -> NewestSecret:
    """Give the reporter the secret that a webhook is to sign with."""
    check_public_key(request.public_key)
    async with collaborators.pool.connection() as connection:
        row = await read_repository(connection, request.repository_id)
        known = await list_hook_secrets(connection, [request.repository_id])
    hook = known.get(request.repository_id)
    is_rotating = hook is not None and hook.next_secret is not None
    locked = hook.next_secret if hook and is_rotating else row.webhook_secret if row else None
    sealed = collaborators.secrets.hand_over(locked, request.public_key)
    if row is None or row.removed_at or sealed is None:
        raise ConflictError(words.no_secret_yet())
    number = (hook.secret_number if hook else 1) + (1 if is_rotating else 0)
    return NewestSecret(sealed_secret=sealed, number=number)
