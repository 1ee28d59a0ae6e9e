"""Statements about how a repository's forge is told of its runs."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RepositoryId
from tisktask_orchestrator.store.rows import RepositoryRow
from tisktask_orchestrator.store.statements import fetch_one


@dataclass(frozen=True)
class ReportingRow:
    """How a forge is told; the App's key is locked."""

    app_id: str | None
    app_key: bytes | None
    has_comment: bool


@dataclass(frozen=True)
class AppRepositoryRow:
    """A repository that is fetched with an App's tokens."""

    repository_id: RepositoryId


async def save_app(
    connection: Connection, repository: RepositoryId, app_id: str | None, app_key: bytes | None
) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "save_app", id=repository, app_id=app_id, app_key=app_key)


async def save_comment(connection: Connection, repository: RepositoryId, *, has_comment: bool) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "save_comment", id=repository, has_comment=has_comment)


async def read_reporting(connection: Connection, repository: RepositoryId) -> ReportingRow | None:
    return await fetch_one(connection, ReportingRow, "read_reporting", id=repository)


async def find_app_repository(connection: Connection, job: JobId) -> RepositoryId | None:
    row = await fetch_one(connection, AppRepositoryRow, "find_app_repository", job_id=job)
    return row.repository_id if row else None
