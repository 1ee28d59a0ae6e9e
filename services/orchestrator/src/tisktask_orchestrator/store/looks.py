"""Statements about looks at repositories: who is to look where, and how it went."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.store.rows import IdRow, RunnerRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row

#: After a failure it takes so long until the next try, and twice as long each time, up to the longest pause.
PAUSE_SECONDS = 10.0
PAUSE_SECONDS_MAX = 1800.0


@dataclass(frozen=True)
class OfferRow:
    """A look that was offered to a host; another had been offered it before and did not answer."""

    repository_id: RepositoryId
    was_lost: bool


@dataclass(frozen=True)
class TakenLookRow:
    """A look that a host has begun, and where; the token is locked."""

    number: int
    id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    token: bytes | None


@dataclass(frozen=True)
class LookRow:
    """A look that is under way, and its repository."""

    repository_id: RepositoryId
    forge: str
    full_name: str
    clone_url: str
    reconcile: bool
    number: int
    taken_at: datetime
    seen_up_to: str
    #: Beginning of the look before it that went well.
    seen_from: datetime | None
    baseline_url: str | None
    #: What HEAD names, as it is seen now; null: nothing, or the answer is not whole.
    default_ref: str | None = None


@dataclass(frozen=True)
class LookCountRow:
    """How looks fare."""

    failing: int
    oldest_seconds: float


@dataclass(frozen=True)
class LookTimes:
    """When a look that went well is followed by the next."""

    interval_seconds: float
    grace_seconds: float


async def insert_wanted_look(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "want_look", repository_id=repository, pause_seconds=PAUSE_SECONDS)


async def want_due_looks(connection: Connection, count: int, interval_seconds: float) -> list[RepositoryId]:
    rows = await fetch_all(connection, IdRow, "want_due_looks", count=count, interval_seconds=interval_seconds)
    return [RepositoryId(row.id) for row in rows]


async def hasten_looks(connection: Connection, within_seconds: float) -> None:
    await execute(connection, "hasten_looks", within_seconds=within_seconds)


async def offer_looks(connection: Connection, runner: str, looks_max: int, lease_seconds: float) -> list[OfferRow]:
    return await fetch_all(
        connection,
        OfferRow,
        "offer_looks",
        runner=runner,
        looks_max=looks_max,
        lease_seconds=lease_seconds,
        pause_seconds=PAUSE_SECONDS,
        pause_seconds_max=PAUSE_SECONDS_MAX,
    )


async def take_look(
    connection: Connection, repository: RepositoryId, runner: str, lease_seconds: float
) -> TakenLookRow | None:
    return await fetch_one(
        connection, TakenLookRow, "take_look", repository_id=repository, runner=runner, lease_seconds=lease_seconds
    )


async def lock_look(connection: Connection, repository: RepositoryId, number: int, runner: str) -> LookRow | None:
    return await fetch_one(connection, LookRow, "lock_look", repository_id=repository, number=number, runner=runner)


async def advance_look(connection: Connection, repository: RepositoryId, until: str, lease_seconds: float) -> None:
    await execute(connection, "advance_look", repository_id=repository, until=until, lease_seconds=lease_seconds)


async def finish_look(connection: Connection, look: LookRow, times: LookTimes) -> None:
    await execute(
        connection,
        "finish_look",
        repository_id=look.repository_id,
        default_ref=look.default_ref,
        baseline_url=look.clone_url,
        **vars(times),
    )


async def fail_look(connection: Connection, repository: RepositoryId, error: str) -> None:
    await execute(
        connection,
        "fail_look",
        repository_id=repository,
        error=error,
        pause_seconds=PAUSE_SECONDS,
        pause_seconds_max=PAUSE_SECONDS_MAX,
    )


async def delete_look(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "delete_look", repository_id=repository)


async def begin_anew(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "begin_anew", repository_id=repository)
    await execute(connection, "begin_pulls_anew", repository_id=repository)


async def keep_baseline(connection: Connection, repository: RepositoryId) -> None:
    """Go on to compare at the repository's new address: it is the same one, renamed."""
    await execute(connection, "keep_baseline", repository_id=repository)
    await execute(connection, "keep_pulls_baseline", repository_id=repository)


async def choose_looker(connection: Connection) -> str | None:
    row = await fetch_one(connection, RunnerRow, "choose_looker")
    return row and row.runner


async def count_looks(connection: Connection) -> LookCountRow:
    return await fetch_row(connection, LookCountRow, "count_looks")
