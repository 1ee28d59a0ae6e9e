"""Tells those who keep a list of repositories that one has changed."""

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.events import Repository, RepositoryChanged
from tisktask_common.subjects import event_subject
from tisktask_orchestrator.store.outbox import Posted, insert_outbox
from tisktask_orchestrator.store.rows import RepositoryRow


async def announce_repository(connection: Connection, row: RepositoryRow, *, is_removed: bool) -> None:
    """Say so with the commit of the caller's transaction."""
    event = RepositoryChanged(repository=describe_repository(row), is_removed=is_removed)
    message = Outgoing(event_subject(event), event.model_dump_json().encode(), event.id)
    await insert_outbox(connection, [Posted(row.id, message)])


def describe_repository(row: RepositoryRow) -> Repository:
    return Repository(id=row.id, forge=row.forge, full_name=row.full_name)
