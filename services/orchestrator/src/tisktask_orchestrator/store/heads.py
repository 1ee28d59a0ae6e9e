"""Statements about what the branches and tags of repositories stand at."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one


@dataclass(frozen=True)
class HeadRow:
    """A ref and the commit that it stood at when it was last seen."""

    ref: str
    sha: str


@dataclass(frozen=True)
class UnknownHeadRow:
    """A ref at a commit that no run is known of; null: nothing was known of the ref before."""

    ref: str
    sha: str
    settled_sha: str | None


async def upsert_heads(
    connection: Connection, repository: RepositoryId, heads: dict[str, str], seen_from: datetime | None
) -> None:
    await execute(
        connection,
        "upsert_heads",
        repository_id=repository,
        refs=list(heads),
        shas=list(heads.values()),
        seen_from=seen_from,
    )


async def delete_heads(
    connection: Connection, repository: RepositoryId, refs: list[str], after: str, until: str | None
) -> int:
    return await execute(connection, "delete_heads", repository_id=repository, refs=refs, after=after, until=until)


async def read_head(connection: Connection, repository: RepositoryId, ref: str | None) -> HeadRow | None:
    """Read what a ref stood at when it was last seen; no ref: the default branch."""
    return await fetch_one(connection, HeadRow, "read_head", repository_id=repository, ref=ref)


async def settle_heads(connection: Connection, repository: RepositoryId) -> int:
    return await execute(connection, "settle_heads", repository_id=repository)


async def settle_known_heads(connection: Connection, repository: RepositoryId) -> int:
    return await execute(connection, "settle_known_heads", repository_id=repository)


async def settle_head(connection: Connection, repository: RepositoryId, ref: str) -> None:
    await execute(connection, "settle_head", repository_id=repository, ref=ref)


async def list_unknown_heads(
    connection: Connection, repository: RepositoryId, grace_seconds: float, count: int
) -> list[UnknownHeadRow]:
    return await fetch_all(
        connection,
        UnknownHeadRow,
        "list_unknown_heads",
        repository_id=repository,
        grace_seconds=grace_seconds,
        count=count,
    )
