"""Tells what the next round would delete and why the rest is kept, by the same rules and the same questions."""

import time
from collections import Counter

from tisktask_common.errors import NotFoundError
from tisktask_common.retention import RepositoryRetention, RetentionReport, ShowRetention
from tisktask_common.run_deletion import RUNS_ASKED_MAX
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.retention import words
from tisktask_orchestrator.retention.needed_runs import Patience, find_needed
from tisktask_orchestrator.retention.rounds import rules_of
from tisktask_orchestrator.store.retention import (
    RuledRepositoryRow,
    count_judged_runs,
    count_old_triggers,
    list_old_runs,
    list_ruled_repositories,
)

#: All of it within the time of one request: what is left out is told.
_SECONDS_MAX = 6.0
_REPOSITORIES_MAX = 500
_PATIENCE = Patience(reading_seconds=0.5, answer_seconds=1, log_seconds=86_400)
_OLD, _TOO_MANY = "old", "too_many"


async def show_retention(collaborators: Collaborators, request: ShowRetention, _caller: str) -> RetentionReport:
    """Count, for all repositories or one."""
    deadline = time.monotonic() + _SECONDS_MAX
    settings = collaborators.settings
    async with collaborators.pool.connection() as connection:
        repositories = await list_ruled_repositories(connection, request.repository, rules_of(settings))
        triggers = await count_old_triggers(connection, settings.keep_trigger_days)
    if request.repository and not repositories:
        raise NotFoundError(words.no_such_repository(request.repository))
    shown: list[RepositoryRetention] = []
    for repository in repositories[:_REPOSITORIES_MAX]:
        if time.monotonic() > deadline:
            break
        shown.append(await _show(collaborators, repository, deadline))
    return RetentionReport(
        repositories=shown,
        left_out=len(repositories) - len(shown),
        old_triggers=triggers,
        keep_trigger_days=settings.keep_trigger_days,
        keep_branch_days=settings.keep_branch_days,
    )


async def _show(collaborators: Collaborators, repository: RuledRepositoryRow, deadline: float) -> RepositoryRetention:
    async with collaborators.pool.connection() as connection:
        judged = await count_judged_runs(connection, repository.id, rules_of(collaborators.settings))
    counts = {row.verdict: row.runs for row in judged}
    old, too_many = counts.pop(_OLD, 0), counts.pop(_TOO_MANY, 0)
    needed, asked = await _count_needed(collaborators, repository, deadline) if old + too_many else (Counter[str](), 0)
    return RepositoryRetention(
        repository_id=repository.id,
        full_name=repository.full_name,
        is_removed=repository.is_removed,
        keep_days=repository.keep_days,
        keep_min=repository.keep_min,
        keep_max=repository.keep_max,
        old=old,
        too_many=too_many,
        needed=dict(needed),
        not_asked=max(0, old + too_many - asked),
        kept=counts,
    )


async def _count_needed(
    collaborators: Collaborators, repository: RuledRepositoryRow, deadline: float
) -> tuple[Counter[str], int]:
    """Ask the others, as a round does; returns what they need, and how many runs they were asked about."""
    needed: Counter[str] = Counter()
    asked = after = 0
    rules = rules_of(collaborators.settings)
    while time.monotonic() < deadline:
        async with collaborators.pool.connection() as connection:
            runs = await list_old_runs(connection, repository.id, rules, after, RUNS_ASKED_MAX)
        if not runs:
            break
        whys = await find_needed(collaborators.bus, [run.id for run in runs], _PATIENCE)
        needed.update(why.__name__ for why in whys.values())
        asked, after = asked + len(runs), runs[-1].number
    return needed, asked
