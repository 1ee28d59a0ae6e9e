"""Deletes runs that were kept long enough, a few at a time: whatever dispatches, claims and beats goes before it."""

import asyncio
import time

import structlog
from prometheus_client import Counter, Gauge

from tisktask_common.errors import ConflictError
from tisktask_common.ids import RepositoryId
from tisktask_common.run_deletion import RUNS_ASKED_MAX
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import loop_failures
from tisktask_orchestrator.retention import words
from tisktask_orchestrator.retention.deletion import delete_ended, runs_deleted
from tisktask_orchestrator.retention.needed_runs import Patience, find_needed
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.retention import (
    KeptRepositoryRow,
    OldRunRow,
    Rules,
    count_runs,
    delete_removed_repository,
    forget_triggers,
    forget_triggers_of_removed,
    list_kept_repositories,
    list_old_runs,
)

log = structlog.get_logger()

ROUND_SECONDS = 600.0
_TRIGGERS_AT_ONCE = 500
#: What has not come to logstream a day after its attempt's end, nobody has.
_PATIENCE = Patience(reading_seconds=10, answer_seconds=5, log_seconds=86_400)
#: Between two deletions, in parts of what the one before has taken: the database has other work.
_REST_TIMES = 1.0

runs_stored = Gauge("tisktask_runs_stored", "Runs that there are, as the last round of retention has found them")
runs_needed = Gauge("tisktask_runs_old_but_needed", "Runs past their time that others need: unsent states, open logs")
last_round = Gauge("tisktask_retention_last_round_timestamp_seconds", "When a round of retention was last completed")
repositories_deleted = Counter("tisktask_repositories_deleted_total", "Removed repositories of which nothing was left")


async def delete_old(collaborators: Collaborators) -> None:
    """Go through all repositories once. What fails at one of them does not keep the others from their turn."""
    started = time.monotonic()
    async with collaborators.pool.connection() as connection:
        repositories = await list_kept_repositories(connection)
    deleted = needed = failures = 0
    for repository in repositories:
        try:
            gone, kept = await _delete_of_repository(collaborators, repository)
        except Exception:
            failures += 1
            loop_failures.labels("retention").inc()
            log.exception("retention_failed", repository=repository.id)
            continue
        deleted, needed = deleted + gone, needed + kept
    await _forget_triggers(collaborators)
    async with collaborators.pool.connection() as connection:
        runs_stored.set(await count_runs(connection))
    runs_needed.set(needed)
    if not failures:
        last_round.set_to_current_time()
    if deleted or needed:
        seconds = round(time.monotonic() - started, 1)
        log.info("old_runs_deleted", deleted=deleted, needed=needed, seconds=seconds)


async def _delete_of_repository(collaborators: Collaborators, repository: KeptRepositoryRow) -> tuple[int, int]:
    """Delete the repository's old runs, and a removed repository with the last of them; count both."""
    deleted = needed = after = 0
    rules = rules_of(collaborators.settings)
    while True:
        async with collaborators.pool.connection() as connection:
            old = await list_old_runs(connection, repository.id, rules, after, RUNS_ASKED_MAX)
        if not old:
            break
        gone = await _delete_batch(collaborators, old)
        deleted, needed, after = deleted + gone, needed + len(old) - gone, old[-1].number
    if repository.is_removed:
        await _delete_removed(collaborators, repository.id)
    return deleted, needed


async def _delete_batch(collaborators: Collaborators, old: list[OldRunRow]) -> int:
    needed = await find_needed(collaborators.bus, [run.id for run in old], _PATIENCE)
    deleted = 0
    for run in old:
        if run.id in needed:
            continue
        started = time.monotonic()
        try:
            is_gone = await delete_ended(collaborators, run.id, words.BY_RETENTION)
        except ConflictError as error:
            log.info("old_run_kept", run=run.id, reason=error.message)
            continue
        deleted += is_gone
        runs_deleted.labels("retention").inc(is_gone)
        await asyncio.sleep(_REST_TIMES * (time.monotonic() - started))
    return deleted


async def _forget_triggers(collaborators: Collaborators) -> None:
    """Triggers outlive their runs: a delivery that is sent again makes no second run."""
    days = collaborators.settings.keep_trigger_days
    while True:
        async with collaborators.pool.connection() as connection:
            if await forget_triggers(connection, days, _TRIGGERS_AT_ONCE) < _TRIGGERS_AT_ONCE:
                return


async def _delete_removed(collaborators: Collaborators, repository: RepositoryId) -> None:
    """Nothing is delivered of a repository that is not there: its triggers go with the last of its runs."""
    while True:
        async with collaborators.pool.connection() as connection:
            count = await forget_triggers_of_removed(connection, repository, _TRIGGERS_AT_ONCE)
            if count < _TRIGGERS_AT_ONCE:
                break
    async with collaborators.pool.connection() as connection:
        if await delete_removed_repository(connection, repository):
            repositories_deleted.inc()
            log.info("removed_repository_deleted", repository=repository)


def rules_of(settings: OrchestratorSettings) -> Rules:
    return Rules(settings.keep_run_days, settings.keep_runs_min, settings.keep_runs_max, settings.keep_branch_days)
