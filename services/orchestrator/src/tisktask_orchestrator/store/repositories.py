"""Statements about repositories."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_common.repository_settings import ChangeRepository
from tisktask_orchestrator.store.rows import IdRow, RepositoryRow, SettingsRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


@dataclass(frozen=True)
class NewRepository:
    """A repository to add or to change; its secrets are locked, null keeps what there is."""

    id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    api_url: str
    token: bytes | None
    webhook_secret: bytes | None


@dataclass(frozen=True)
class NewName:
    """What a repository is called now."""

    id: RepositoryId
    old_name: str
    full_name: str


async def upsert_repository(connection: Connection, new: NewRepository) -> RepositoryRow:
    return await fetch_row(connection, RepositoryRow, "upsert_repository", **vars(new))


async def change_repository(connection: Connection, change: ChangeRepository) -> SettingsRow | None:
    return await fetch_one(
        connection,
        SettingsRow,
        "change_repository",
        id=change.repository_id,
        supersede_pull_requests=change.supersede_pull_requests,
        supersede_branches=change.supersede_branches,
        jobs_max=change.jobs_max,
        priority=change.priority,
        reconcile=change.reconcile,
        keep_days=change.keep_days,
        keep_min=change.keep_min,
        keep_max=change.keep_max,
        forks=change.forks,
    )


async def rename(connection: Connection, new: NewName) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "rename_repository", **vars(new))


async def remove_repository(connection: Connection, repository: RepositoryId) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "remove_repository", id=repository)


async def read_repository(connection: Connection, repository: RepositoryId) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "read_repository", id=repository)


async def lock_repository(connection: Connection, repository: RepositoryId) -> bool:
    """Wait until nobody else makes runs of the repository; False: it is not in use."""
    return await fetch_one(connection, IdRow, "lock_repository", id=repository) is not None


async def list_repositories(connection: Connection, after: str, count: int) -> list[RepositoryRow]:
    return await fetch_all(connection, RepositoryRow, "list_repositories", after=after, count=count)


async def forget_tokens(connection: Connection) -> int:
    return await execute(connection, "forget_tokens")
