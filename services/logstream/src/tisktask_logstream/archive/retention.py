"""Deletes logs that were kept long enough, or that the disk has no room for; and those whose run there is no more."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from tisktask_common.errors import DatabaseError
from tisktask_common.ids import JobId, RunId
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.removal import Removal, list_run_folders

log = structlog.get_logger()

ROUND_SECONDS = 300.0
_JOBS_AT_ONCE = 100
_RUNS_AT_ONCE = 500
_ROWS_AT_ONCE = 5000
#: A log is that of no run when it was found so, and is found so again after this time: a database that was put back to
#: an older state, or is the wrong one, is noticed before.
ORPHAN_SECONDS = 86_400.0
_MARK = ".orphan"

stored_bytes = Gauge("tisktask_log_stored_bytes", "Bytes that logs and their indexes take on the disk")
logs_deleted = Counter("tisktask_logs_deleted_total", "Jobs or runs whose logs were deleted", ["why"])
too_many_bytes = Gauge("tisktask_log_bytes_above_max", "Bytes of logs above their limit that can not be deleted")
last_round = Gauge("tisktask_log_retention_last_round_timestamp_seconds", "When logs were last gone through")
failures = Counter("tisktask_log_retention_failures_total", "Rounds of the retention of logs that failed")


@dataclass(frozen=True)
class LogRules:
    """Zero means that logs are kept as long as their run, and that their bytes have no limit."""

    keep_days: int
    bytes_max: int


class LogRetention:
    """Goes through all logs every few minutes."""

    def __init__(self, folder: Path, store: LogStore, removal: Removal, rules: LogRules) -> None:
        self._folder = folder
        self._store = store
        self._removal = removal
        self._rules = rules

    async def run(self) -> None:
        while True:
            try:
                await self.delete_old()
            except (DatabaseError, OSError) as error:
                failures.inc()
                log.warning("logs_not_gone_through", error=str(error))
            except Exception:
                failures.inc()
                log.exception("log_retention_failed")
            await asyncio.sleep(ROUND_SECONDS)

    async def delete_old(self) -> None:
        """Go through all logs once."""
        await self._finish_deletions()
        if self._rules.keep_days:
            await self._delete_by_age()
        await self._delete_by_size()
        await self._delete_orphans()
        await self._store.delete_logs_of_nobody(_ROWS_AT_ONCE)
        last_round.set_to_current_time()

    async def _finish_deletions(self) -> None:
        """Delete files that a process before this one has not come to, or that late pieces have made again."""
        while half := await self._store.list_half_deleted(_JOBS_AT_ONCE):
            for logs in half:
                await self._removal.remove_logs_of_job(logs.run, logs.job)

    async def _delete_by_age(self) -> None:
        while old := await self._store.list_old_logs(self._rules.keep_days, _JOBS_AT_ONCE):
            for logs in old:
                await self._delete(logs.run, logs.job, "age")

    async def _delete_by_size(self) -> None:
        taken = await self._store.read_stored_bytes()
        limit = self._rules.bytes_max
        before = taken
        while limit and taken > limit and (oldest := await self._store.list_oldest_logs(_JOBS_AT_ONCE)):
            for logs in oldest:
                if taken <= limit:
                    break
                await self._delete(logs.run, logs.job, "size")
                taken -= logs.bytes
        stored_bytes.set(taken)
        too_many_bytes.set(max(0, taken - limit) if limit else 0)
        if taken < before:
            log.warning("logs_deleted_for_room", bytes_deleted=before - taken, bytes_max=limit, setting="LOG_BYTES_MAX")
        if limit and taken > limit:
            log.error("logs_exceed_their_limit", bytes=taken, bytes_max=limit, why="the runs have not ended")

    async def _delete(self, run: RunId, job: JobId, why: str) -> None:
        await self._removal.remove_logs_of_job(run, job)
        logs_deleted.labels(why).inc()
        log.info("logs_deleted", run=run, job=job, why=why)

    async def _delete_orphans(self) -> None:
        folders = await asyncio.to_thread(list_run_folders, self._folder)
        for first in range(0, len(folders), _RUNS_AT_ONCE):
            runs = folders[first : first + _RUNS_AT_ONCE]
            # Asked after the folders were listed: a run is in the database before it has a log.
            known = await self._store.list_known_runs(runs)
            for run in await asyncio.to_thread(_mark_orphans, self._folder, runs, known):
                await self._removal.remove_run(RunId(run))
                logs_deleted.labels("no_run").inc()
                log.warning("logs_of_no_run_deleted", run=run)


def _mark_orphans(folder: Path, runs: list[str], known: set[str]) -> list[str]:
    """Mark the folders of unknown runs, and those that are known no more; returns what was marked long enough ago."""
    old: list[str] = []
    for run in runs:
        mark = folder / run / _MARK
        if run in known:
            mark.unlink(missing_ok=True)
            continue
        with suppress(FileNotFoundError):  # deleted with its run a moment ago
            if not mark.exists():
                mark.touch()
            elif mark.stat().st_mtime < time.time() - ORPHAN_SECONDS:
                old.append(run)
    return old
