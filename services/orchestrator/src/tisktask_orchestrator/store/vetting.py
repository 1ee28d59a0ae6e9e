"""Statements about runs that somebody may have to allow, and about who may."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tisktask_common.approvals import ForkPolicy
from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, RunId
from tisktask_orchestrator.store.rows import ChangeRow, IdRow, TotalRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row

#: So long a push is remembered as a sign that somebody may write.
PUSHED_DAYS = 90
#: So long it is believed without asking again that somebody may write.
CONFIRMED_SECONDS = 600.0


class VettingState(StrEnum):
    """How far a vetting is."""

    #: The inspection goes on, or nothing was decided yet.
    INSPECTED = "inspected"
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    #: It goes on, and nobody had to allow it.
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class TakenVettingRow:
    """A run that it is to be decided about."""

    run_id: RunId
    #: The fence.
    number: int
    repository_id: RepositoryId
    change: dict[str, Any]
    #: Since the inspection.
    age_seconds: float


@dataclass(frozen=True)
class VettingRow:
    """How far the vetting of a run is."""

    run_id: RunId
    state: str
    number: int
    why: str
    programs: list[str]
    programs_tree: str
    changes_programs: bool | None


@dataclass(frozen=True)
class Settlement:
    """What was decided, or that it waits."""

    state: VettingState
    why: str
    decided_by: str = ""
    note: str = ""


@dataclass(frozen=True)
class PersonRow:
    """What is known in a repository of who has caused an event."""

    #: Has pushed there in the last months.
    has_pushed: bool = False
    #: Has pushed there a moment ago, or the forge has just said that they may.
    may_write: bool = False
    #: A run of theirs was approved once.
    was_approved: bool = False


@dataclass(frozen=True)
class ReleaseRow:
    """When a run was let go on."""

    released_at: datetime


@dataclass(frozen=True)
class PolicyRow:
    """What a repository's owner wants."""

    forks: str


async def insert_vetting(connection: Connection, run: RunId, why: str) -> None:
    await execute(connection, "insert_vetting", run_id=run, why=why)


async def copy_vetting(connection: Connection, run: RunId, rerun_of: RunId, settlement: Settlement) -> None:
    values = {"state": settlement.state, "decided_by": settlement.decided_by, "note": settlement.note}
    await execute(connection, "copy_vetting", run_id=run, rerun_of=rerun_of, **values)


async def note_inspected(
    connection: Connection, run: RunId, programs: list[str], tree: str, *, changes_programs: bool | None
) -> None:
    await execute(
        connection,
        "note_inspected",
        run_id=run,
        programs=programs,
        programs_tree=tree,
        changes_programs=changes_programs,
    )


async def take_vettings(connection: Connection, count: int, lease_seconds: float) -> list[TakenVettingRow]:
    return await fetch_all(connection, TakenVettingRow, "take_vettings", count=count, lease_seconds=lease_seconds)


async def read_vetting(connection: Connection, run: RunId) -> VettingRow | None:
    return await fetch_one(connection, VettingRow, "read_vetting", run_id=run)


async def settle_vetting(connection: Connection, run: RunId, settlement: Settlement) -> None:
    await execute(connection, "settle_vetting", run_id=run, **vars(settlement))


async def postpone_vetting(connection: Connection, taken: TakenVettingRow, seconds: float, note: str) -> None:
    await execute(connection, "postpone_vetting", run_id=taken.run_id, number=taken.number, seconds=seconds, note=note)


async def note_vetting(connection: Connection, run: RunId, note: str) -> None:
    await execute(connection, "note_vetting", run_id=run, note=note)


async def restrict_run(connection: Connection, run: RunId, scope: str, approved_tree: str = "") -> None:
    await execute(connection, "restrict_run", run_id=run, scope=scope, approved_tree=approved_tree)


async def trust_run(connection: Connection, run: RunId) -> dict[str, Any]:
    return (await fetch_row(connection, ChangeRow, "trust_run", run_id=run)).change


async def release_run(connection: Connection, run: RunId) -> datetime:
    return (await fetch_row(connection, ReleaseRow, "release_run", run_id=run)).released_at


async def read_fork_policy(connection: Connection, repository: RepositoryId) -> ForkPolicy:
    return ForkPolicy((await fetch_row(connection, PolicyRow, "read_fork_policy", repository_id=repository)).forks)


async def count_waiting_runs(connection: Connection, repository: RepositoryId, scope: str) -> int:
    row = await fetch_row(connection, TotalRow, "count_waiting_runs", repository_id=repository, scope=scope)
    return row.count


async def list_expired_vettings(connection: Connection, seconds: float) -> list[RunId]:
    return [RunId(row.id) for row in await fetch_all(connection, IdRow, "list_expired_vettings", seconds=seconds)]


async def read_person(connection: Connection, repository: RepositoryId, login: str) -> PersonRow:
    found = await fetch_one(
        connection,
        PersonRow,
        "read_person",
        repository_id=repository,
        login=login,
        pushed_days=PUSHED_DAYS,
        confirmed_seconds=CONFIRMED_SECONDS,
    )
    return found or PersonRow()


async def note_push(connection: Connection, repository: RepositoryId, login: str, pushed_at: datetime) -> None:
    await execute(connection, "note_push", repository_id=repository, login=login, pushed_at=pushed_at)


async def note_right(connection: Connection, repository: RepositoryId, login: str, *, may_write: bool) -> None:
    await execute(connection, "note_writer" if may_write else "note_reader", repository_id=repository, login=login)


async def note_approved(connection: Connection, repository: RepositoryId, login: str) -> None:
    await execute(connection, "note_approved", repository_id=repository, login=login)
