"""Statements about what has been kept long enough."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, RunId
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one, fetch_row


@dataclass(frozen=True)
class Rules:
    """What holds where a repository has no rules of its own."""

    #: Zero: for ever.
    keep_days: int
    keep_min: int
    #: Zero: no limit.
    keep_max: int
    keep_branch_days: int


@dataclass(frozen=True)
class OldRunRow:
    """A run that may go."""

    id: RunId
    number: int


@dataclass(frozen=True)
class KeptRepositoryRow:
    """A repository that there is something of."""

    id: RepositoryId
    is_removed: bool


@dataclass(frozen=True)
class RuledRepositoryRow:
    """A repository and the rules that hold for its runs."""

    id: RepositoryId
    full_name: str
    is_removed: bool
    keep_days: int
    keep_min: int
    keep_max: int


@dataclass(frozen=True)
class JudgedRow:
    """How many runs the rules say the same of."""

    verdict: str
    runs: int


@dataclass(frozen=True)
class TiesRow:
    """What a run that has ended is still needed for."""

    is_at_work: bool
    is_in_outbox: bool
    #: Number of a run that shows what has run in this one.
    carried_into: int | None


@dataclass(frozen=True)
class CountRow:
    """How many there are."""

    count: int


@dataclass(frozen=True)
class RunsRow:
    """How many runs there are."""

    runs: int


async def list_kept_repositories(connection: Connection) -> list[KeptRepositoryRow]:
    return await fetch_all(connection, KeptRepositoryRow, "list_kept_repositories")


async def list_old_runs(
    connection: Connection, repository: RepositoryId, rules: Rules, after: int, count: int
) -> list[OldRunRow]:
    return await fetch_all(
        connection, OldRunRow, "list_old_runs", repository_id=repository, after=after, count=count, **vars(rules)
    )


async def list_ruled_repositories(connection: Connection, repository: str, rules: Rules) -> list[RuledRepositoryRow]:
    return await fetch_all(
        connection, RuledRepositoryRow, "list_ruled_repositories", repository=repository, **vars(rules)
    )


async def count_judged_runs(connection: Connection, repository: RepositoryId, rules: Rules) -> list[JudgedRow]:
    return await fetch_all(connection, JudgedRow, "count_judged_runs", repository_id=repository, **vars(rules))


async def count_old_triggers(connection: Connection, keep_days: int) -> int:
    return (await fetch_row(connection, CountRow, "count_old_triggers", keep_days=keep_days)).count


async def read_run_ties(connection: Connection, run: RunId) -> TiesRow | None:
    return await fetch_one(connection, TiesRow, "read_run_ties", run_id=run)


async def delete_run(connection: Connection, run: RunId) -> bool:
    return await execute(connection, "delete_run", run_id=run) > 0


async def forget_triggers(connection: Connection, keep_days: int, count: int) -> int:
    return await execute(connection, "forget_triggers", keep_days=keep_days, count=count)


async def forget_triggers_of_removed(connection: Connection, repository: RepositoryId, count: int) -> int:
    return await execute(connection, "forget_triggers_of_removed", repository_id=repository, count=count)


async def delete_removed_repository(connection: Connection, repository: RepositoryId) -> bool:
    return await execute(connection, "delete_removed_repository", repository_id=repository) > 0


async def count_runs(connection: Connection) -> int:
    return (await fetch_row(connection, RunsRow, "count_runs")).runs
