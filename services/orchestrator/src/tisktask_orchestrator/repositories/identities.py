"""Learns what forges call our repositories by now: their numbers, and new names."""

import structlog

from tisktask_common.bus.connection import Outgoing
from tisktask_common.errors import NotFoundError
from tisktask_common.events import Repository, RepositoryChanged
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.rpc import Accepted
from tisktask_common.subjects import event_subject
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.repositories.rules import LOCAL, check_full_name
from tisktask_orchestrator.store.identities import number_repository
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_orchestrator.store.repositories import NewName, read_repository, rename
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

_EXTERNAL_ID_MAX = 2**53


async def note_identity(collaborators: Collaborators, request: NoteIdentity, _caller: str) -> Accepted:
    """Know a repository by its number and its new name; runs, settings and secrets stay its own."""
    check_full_name(request.full_name)
    async with transaction(collaborators.pool) as connection:
        row = await read_repository(connection, request.repository_id)
        if row is None or row.removed_at or row.forge == LOCAL:
            raise NotFoundError(words.unknown_repository(request.repository_id))
        old_name, renamed, numbered = row.full_name, None, False
        if old_name != request.full_name:
            renamed = await rename(connection, NewName(row.id, old_name, request.full_name))
            if renamed is None:
                return Accepted(accepted=False, reason=words.not_renamed(request.full_name))
            row = renamed
        if request.external_id and 0 < request.external_id <= _EXTERNAL_ID_MAX:
            numbered = await number_repository(connection, row.id, request.external_id)
        if renamed or numbered:
            event = RepositoryChanged(repository=Repository(id=row.id, forge=row.forge, full_name=row.full_name))
            message = Outgoing(event_subject(event), event.model_dump_json().encode(), event.id)
            await insert_outbox(connection, [Posted(row.id, message)])
    if renamed:
        log.info("repository_renamed", repository=row.id, old_name=old_name, full_name=row.full_name)
    return Accepted(accepted=True)
