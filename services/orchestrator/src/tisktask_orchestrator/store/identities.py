"""Statements about the forges' numbers of repositories."""

from collections.abc import Sequence
from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.store.statements import execute, fetch_all


@dataclass(frozen=True)
class ExternalIdRow:
    """The forge's own number of a repository."""

    id: RepositoryId
    external_id: int


async def number_repository(connection: Connection, repository: RepositoryId, external_id: int) -> bool:
    """Note the number; False: it is known."""
    return await execute(connection, "number_repository", id=repository, external_id=external_id) > 0


async def list_external_ids(connection: Connection, repositories: Sequence[RepositoryId]) -> dict[RepositoryId, int]:
    rows = await fetch_all(connection, ExternalIdRow, "list_external_ids", ids=list(repositories))
    return {row.id: row.external_id for row in rows}
