"""Statements about what forges were asked: open pull requests, and webhooks that they could not deliver."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from tisktask_common.database.pool import Connection
from tisktask_common.forge_requests import OpenPull
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.store.looks import PAUSE_SECONDS, PAUSE_SECONDS_MAX, LookTimes
from tisktask_orchestrator.store.rows import IdRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one


@dataclass(frozen=True)
class ForgeLookRow:
    """A repository that its forge is being asked about."""

    repository_id: RepositoryId
    number: int
    forge: str
    full_name: str
    deliveries_from: datetime
    asks_for_deliveries: bool


@dataclass(frozen=True)
class LockedForgeLookRow:
    """The same, locked."""

    repository_id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    number: int
    baseline_url: str | None
    default_ref: str | None


@dataclass(frozen=True)
class UnknownPullRow:
    """An open pull request at a commit that no run is known of; known: not for the first time."""

    number: int
    change: dict[str, Any]
    is_known: bool


async def insert_forge_looks(connection: Connection) -> None:
    await execute(connection, "insert_forge_looks")


async def hasten_forge_looks(connection: Connection, within_seconds: float) -> None:
    await execute(connection, "hasten_forge_looks", within_seconds=within_seconds)


async def begin_forge_looks(connection: Connection, count: int, lease_seconds: float) -> list[ForgeLookRow]:
    return await fetch_all(connection, ForgeLookRow, "begin_forge_looks", count=count, lease_seconds=lease_seconds)


async def lock_forge_look(connection: Connection, look: ForgeLookRow) -> LockedForgeLookRow | None:
    return await fetch_one(
        connection, LockedForgeLookRow, "lock_forge_look", repository_id=look.repository_id, number=look.number
    )


async def upsert_pulls(connection: Connection, repository: RepositoryId, pulls: list[OpenPull]) -> None:
    await execute(
        connection,
        "upsert_pulls",
        repository_id=repository,
        numbers=[pull.number for pull in pulls],
        changes=[Jsonb(pull.change.model_dump(mode="json")) for pull in pulls],
    )
    await execute(connection, "delete_old_pulls", repository_id=repository)


async def settle_pulls(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "settle_pulls", repository_id=repository)


async def settle_known_pulls(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "settle_known_pulls", repository_id=repository)


async def settle_pull(connection: Connection, repository: RepositoryId, number: int) -> None:
    await execute(connection, "settle_pull", repository_id=repository, number=number)


async def list_unknown_pulls(
    connection: Connection, repository: RepositoryId, numbers: list[int], grace_seconds: float, count: int
) -> list[UnknownPullRow]:
    return await fetch_all(
        connection,
        UnknownPullRow,
        "list_unknown_pulls",
        repository_id=repository,
        numbers=numbers,
        grace_seconds=grace_seconds,
        count=count,
    )


async def finish_forge_look(
    connection: Connection, look: LockedForgeLookRow, numbers: list[int], times: LookTimes
) -> None:
    await execute(
        connection,
        "finish_forge_look",
        repository_id=look.repository_id,
        baseline_url=look.clone_url,
        numbers=numbers,
        **vars(times),
    )


async def fail_forge_look(connection: Connection, look: ForgeLookRow, error: str, wait_seconds: float) -> None:
    await execute(
        connection,
        "fail_forge_look",
        repository_id=look.repository_id,
        number=look.number,
        error=error,
        wait_seconds=wait_seconds,
        pause_seconds=PAUSE_SECONDS,
        pause_seconds_max=PAUSE_SECONDS_MAX,
    )


async def note_deliveries(
    connection: Connection, look: ForgeLookRow, since: datetime, error: str, wait_seconds: float
) -> None:
    await execute(
        connection,
        "note_deliveries",
        repository_id=look.repository_id,
        number=look.number,
        since=since,
        error=error,
        wait_seconds=wait_seconds,
    )


async def list_known_deliveries(connection: Connection, repository: RepositoryId, deliveries: list[str]) -> set[str]:
    rows = await fetch_all(connection, IdRow, "list_known_deliveries", repository_id=repository, deliveries=deliveries)
    return {row.id for row in rows}


async def ask_forge_again(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "ask_forge_again", repository_id=repository)


async def delete_forge_look(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "delete_forge_look", repository_id=repository)
