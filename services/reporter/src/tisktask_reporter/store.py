"""The reporter's tables: one function per statement."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.rows import class_row

from tisktask_common.database.pool import Pool, load_statements
from tisktask_common.ids import JobId, RepositoryId, RunId
from tisktask_reporter.accounts import Pace
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
    #: How the account that it is posted with has fared.
    turn: "Turn"
    told: "Told"


@dataclass(frozen=True)
class Told:
    """Whose place it is, and as what the forge shows it."""

    job_id: JobId | None = None
    conclusion: str = ""
    #: `status` or `check`; None: nothing was told yet.
    way: str | None = None
    check_id: int | None = None
    check_of: RunId | None = None
    annotations_told: int = 0


@dataclass(frozen=True)
class Turn:
    """One write with an account."""

    account: str
    pauses: int
    failing_seconds: float
    others_got_through: bool


@dataclass(frozen=True)
class Backlog:
    """What is not delivered yet."""

    waiting: int
    oldest_seconds: float


class Store:
    """The reporter's tables. Every function is one transaction."""

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
            "job_id": desired.job_id,
            "conclusion": desired.conclusion,
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

    async def save_account(self, repository_id: RepositoryId, account: str, at_once: int) -> None:
        values = {"repository_id": repository_id, "account": account, "at_once": at_once}
        await self._fetch_one("save_account", values)

    async def claim_status(self, key: StatusKey, account: str, pace: Pace, lease_seconds: float) -> Claim | None:
        """Take a status and its account's turn; None if either can not be had now."""
        async with self._pool.connection() as connection:
            values = {**asdict(key), "lease_seconds": lease_seconds}
            row = await (await connection.execute(self._sql["claim_status"], values)).fetchone()
            if row is None:
                return None
            number, run_id, state, description, target_url, tries, faults, waited_seconds, failing_since, *told = row
            terms = {"account": account, "failing_since": failing_since, **asdict(pace)}
            turn = await (await connection.execute(self._sql["take_turn"], terms)).fetchone()
            if turn is None:
                await connection.rollback()
                return None
        shown = Shown(StatusState(state), description, target_url)
        return Claim(key, number, run_id, shown, tries, faults, waited_seconds, Turn(account, *turn), Told(*told))

    async def pause_account(self, turn: Turn, seconds: float, *, is_away: bool) -> None:
        values = {"account": turn.account, "claimed_at_pauses": turn.pauses, "seconds": seconds, "is_away": is_away}
        await self._fetch_one("pause_account", values)

    async def pause_after_question(self, account: str, seconds: float) -> None:
        """Post nothing either, for a forge that limits questions; it does not count as a pause of posts."""
        values = {"account": account, "claimed_at_pauses": -1, "seconds": seconds, "is_away": False}
        await self._fetch_one("pause_account", values)

    async def read_pause(self, account: str) -> float:
        """For how many seconds nothing is posted with an account."""
        row = await self._fetch_one("read_pause", {"account": account})
        return row[0] if row else 0.0

    async def note_failure(self, account: str) -> None:
        await self._fetch_one("note_failure", {"account": account})

    async def note_delivery(self, account: str, faults_max: int) -> int:
        """Count the account as well; returns how many statuses get a second chance."""
        values = {"account": account, "faults_max": faults_max}
        async with self._pool.connection() as connection:
            return (await connection.execute(self._sql["note_delivery"], values)).rowcount

    async def delete_unused_accounts(self) -> None:
        await self._fetch_one("delete_unused_accounts", {})

    async def settle_delivered_status(self, claim: Claim) -> bool:
        values = {
            **asdict(claim.key),
            **asdict(claim.shown),
            "claim": claim.number,
            "description_seconds_min": self._description_seconds_min,
        }
        return await self._fetch_one("settle_delivered_status", values) is not None

    async def note_place(self, claim: Claim, told_as: str, number: int, annotations_told: int) -> bool:
        """Remember the forge's number of a check or comment."""
        values = {**asdict(claim.key), "claim": claim.number, "check_id": number, "check_of": claim.run_id}
        values |= {"told_as": told_as, "annotations_told": annotations_told}
        return await self._fetch_one("note_place", values) is not None

    async def drop_status(self, key: StatusKey) -> bool:
        return await self._fetch_one("drop_status", asdict(key)) is not None

    async def continue_status(self, claim: Claim) -> bool:
        return await self._fetch_one("continue_status", {**asdict(claim.key), "claim": claim.number}) is not None

    async def retry_status(self, claim: Claim, after_seconds: float, error: str, *, is_fault: bool) -> bool:
        values = {
            **asdict(claim.key),
            "claim": claim.number,
            "after_seconds": after_seconds,
            "faults": int(is_fault),
            "error": error,
        }
        return await self._fetch_one("retry_status", values) is not None

    async def give_up_status(self, claim: Claim, error: str, *, is_fault: bool = False) -> bool:
        values = {**asdict(claim.key), **asdict(claim.shown), "claim": claim.number, "error": error}
        values["is_fault"] = is_fault
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

    async def list_waiting_runs(self, runs: list[RunId]) -> list[RunId]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(self._sql["list_waiting_runs"], {"runs": runs})).fetchall()
        return [row[0] for row in rows]

    async def forget_run(self, run_id: RunId, age_seconds: float) -> int:
        values = {"run_id": run_id, "age_seconds": age_seconds}
        async with self._pool.connection() as connection:
            return (await connection.execute(self._sql["forget_run"], values)).rowcount

    async def read_backlog(self) -> Backlog:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(Backlog)) as cursor:
            await cursor.execute(self._sql["read_backlog"])
            backlog = await cursor.fetchone()
        return backlog or Backlog(0, 0)

    async def _fetch_one(self, statement: str, values: dict[str, Any]) -> tuple[Any, ...] | None:
        async with self._pool.connection() as connection:
            return await (await connection.execute(self._sql[statement], values)).fetchone()
