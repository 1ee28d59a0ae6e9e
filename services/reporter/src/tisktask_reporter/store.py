"""The reporter's table: one function per statement."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.rows import class_row

from tisktask_common.database.pool import Pool, load_statements
from tisktask_common.ids import RepositoryId, RunId
from tisktask_reporter.schema import MIGRATIONS_PACKAGE
from tisktask_reporter.status import DesiredStatus, Shown, StatusKey, StatusState


@dataclass(frozen=True)
class Claim:
    """A status that is ours to post until the claim ends, and its history so far."""

    key: StatusKey
    number: int
    run_id: RunId
    shown: Shown
    tries: int
    faults: int
    waited_seconds: float


@dataclass(frozen=True)
class Backlog:
    """What is not delivered yet."""

    waiting: int
    oldest_seconds: float


class Store:
    """The table `reporter.statuses`. Every function is one transaction."""

    def __init__(self, pool: Pool, description_seconds_min: float) -> None:
        self._pool = pool
        self._description_seconds_min = description_seconds_min
        self._sql = load_statements(MIGRATIONS_PACKAGE)

    async def save_desired_status(self, desired: DesiredStatus) -> bool:
        """Store it unless something newer is stored; says whether a post is due."""
        values = {
            **asdict(desired.key),
            **asdict(desired.shown),
            "forge": desired.forge,
            "run_id": desired.run_id,
            "run_number": desired.run_number,
            "revision": desired.revision,
            "description_seconds_min": self._description_seconds_min,
        }
        row = await self._fetch_one("save_desired_status", values)
        return row is not None and bool(row[0])

    async def find_due_statuses(self, count: int) -> list[StatusKey]:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(StatusKey)) as cursor:
            await cursor.execute(self._sql["find_due_statuses"], {"count": count})
            return await cursor.fetchall()

    async def read_next_moment(self) -> float | None:
        """In how many seconds `find_due_statuses` has something new to tell, if no event comes before."""
        row = await self._fetch_one("read_next_moment", {})
        return row[0] if row else None

    async def claim_status(self, key: StatusKey, lease_seconds: float) -> Claim | None:
        row = await self._fetch_one("claim_status", {**asdict(key), "lease_seconds": lease_seconds})
        if row is None:
            return None
        number, run_id, state, description, target_url, tries, faults, waited_seconds = row
        shown = Shown(StatusState(state), description, target_url)
        return Claim(key, number, run_id, shown, tries, faults, waited_seconds)

    async def settle_delivered_status(self, claim: Claim) -> bool:
        values = {
            **asdict(claim.key),
            **asdict(claim.shown),
            "claim": claim.number,
            "description_seconds_min": self._description_seconds_min,
        }
        return await self._fetch_one("settle_delivered_status", values) is not None

    async def retry_status(self, claim: Claim, after_seconds: float, error: str, *, is_fault: bool) -> bool:
        values = {
            **asdict(claim.key),
            "claim": claim.number,
            "after_seconds": after_seconds,
            "faults": int(is_fault),
            "error": error,
        }
        return await self._fetch_one("retry_status", values) is not None

    async def give_up_status(self, claim: Claim, error: str) -> bool:
        values = {**asdict(claim.key), **asdict(claim.shown), "claim": claim.number, "error": error}
        return await self._fetch_one("give_up_status", values) is not None

    async def postpone_status(self, key: StatusKey, after_seconds: float, error: str) -> bool:
        values = {**asdict(key), "after_seconds": after_seconds, "error": error}
        return await self._fetch_one("postpone_status", values) is not None

    async def close_status(self, key: StatusKey, error: str) -> bool:
        return await self._fetch_one("close_status", {**asdict(key), "error": error}) is not None

    async def revive_statuses(self, repository_id: RepositoryId, within_seconds: float) -> int:
        values = {"repository_id": repository_id, "within_seconds": within_seconds}
        async with self._pool.connection() as connection:
            return (await connection.execute(self._sql["revive_statuses"], values)).rowcount

    async def delete_old_statuses(self, age_seconds: float, count: int) -> int:
        values = {"age_seconds": age_seconds, "count": count}
        async with self._pool.connection() as connection:
            return (await connection.execute(self._sql["delete_old_statuses"], values)).rowcount

    async def read_backlog(self) -> Backlog:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Backlog)) as cursor:
            await cursor.execute(self._sql["read_backlog"])
            backlog = await cursor.fetchone()
        return backlog or Backlog(0, 0)

    async def _fetch_one(self, statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(self._sql[statement], values)).fetchone()
