"""Statements about how long stored logs are kept, and what has become of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tisktask_common.ids import JobId, RunId
from tisktask_logstream.archive.records import RECORD_BYTES
from tisktask_logstream.database import Database


@dataclass(frozen=True)
class LogsOfJob:
    """The logs of a job: of all its attempts, and of the containers beside them."""

    run: RunId
    job: JobId
    bytes: int = 0


@dataclass(frozen=True)
class OldLogs:
    """Jobs whose logs have been kept long enough, and the bytes of these."""

    jobs: int = 0
    bytes: int = 0


class LogStore:
    """The table of logs, as retention sees it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_old_logs(self, days: int, count: int) -> list[LogsOfJob]:
        return _logs(await self._database.read("list_old_logs", {"days": days, "count": count}))

    async def count_old_logs(self, days: int) -> OldLogs:
        values = {"days": days, "record_bytes": RECORD_BYTES}
        return OldLogs(**(await self._database.read("count_old_logs", values))[0])

    async def list_oldest_logs(self, count: int) -> list[LogsOfJob]:
        values = {"count": count, "record_bytes": RECORD_BYTES}
        return _logs(await self._database.read("list_oldest_logs", values))

    async def list_half_deleted(self, count: int) -> list[LogsOfJob]:
        return _logs(await self._database.read("list_half_deleted", {"count": count}))

    async def read_stored_bytes(self) -> int:
        return (await self._database.read("read_stored_bytes", {"record_bytes": RECORD_BYTES}))[0]["bytes"]

    async def note_deletion(self, job: JobId) -> None:
        await self._database.execute("note_deletion", {"job": job})

    async def note_files_deleted(self, job: JobId) -> None:
        await self._database.execute("note_files_deleted", {"job": job})

    async def delete_logs_of_run(self, run: RunId) -> None:
        await self._database.execute("delete_logs_of_run", {"run": run})

    async def delete_logs_of_nobody(self, count: int) -> int:
        return await self._database.execute("delete_logs_of_nobody", {"count": count})

    async def get_deletion(self, job: str) -> datetime | None:
        return (await self._database.read("get_deletion", {"job": job}))[0]["deleted_at"]

    async def list_known_runs(self, runs: Sequence[str]) -> set[str]:
        return {row["id"] for row in await self._database.read("list_known_runs", {"runs": list(runs)})}

    async def list_runs_with_open_logs(self, runs: Sequence[RunId], patience_seconds: float) -> list[RunId]:
        values = {"runs": list(runs), "patience_seconds": patience_seconds}
        return [RunId(row["id"]) for row in await self._database.read("list_runs_with_open_logs", values)]


def _logs(rows: list[dict[str, object]]) -> list[LogsOfJob]:
    return [LogsOfJob(**row) for row in rows]  # pyright: ignore[reportArgumentType] - as the statements say
