"""Records in the database how far each log came, and empties the bus of logs that are complete. Off the hot path."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import structlog
from prometheus_client import Counter

from tisktask_common.errors import BusError, DatabaseError
from tisktask_common.subjects import LOGS
from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.library import Library
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.log_names import LogName, own_subjects, read_path
from tisktask_logstream.rows import LogFigures
from tisktask_logstream.store import Store

log = structlog.get_logger()

gaps_made = Counter("tisktask_log_gaps_total", "Gaps in logs: bytes that never came, or that the disk has lost")

RECORD_SECONDS = 2.0
_PURGES_EACH_TIME = 20
_PURGES_MAX = 100_000
_PURGE_SUBJECT = f"$JS.API.STREAM.PURGE.{LOGS.name}"


class Ledger:
    """Remembers which logs have changed until that is recorded."""

    def __init__(self, store: Store, library: Library, bus: BusLink) -> None:
        self._store = store
        self._library = library
        self._bus = bus
        self._changed: set[LogName] = set()
        self._to_purge: dict[LogName, None] = {}

    def note(self, name: LogName) -> None:
        self._changed.add(name)

    async def run(self) -> None:
        is_recovered = False
        while True:
            await asyncio.sleep(RECORD_SECONDS)
            try:
                if not is_recovered:
                    await self._recover()
                    is_recovered = True
                await self._record()
                await self._purge()
            except (DatabaseError, BusError, OSError) as error:
                log.warning("logs_not_recorded", waiting=len(self._changed), error=str(error))

    async def _recover(self) -> None:
        """Look again at what the process before this one may not have come to record."""
        self._changed.update(await self._store.list_incomplete_logs())
        newest = await self._store.get_newest_update()
        since = (newest - timedelta(minutes=1)).timestamp() if newest else 0
        self._changed.update(await asyncio.to_thread(_files_since, self._library.folder, since))

    async def _record(self) -> None:
        changed, self._changed = self._changed, set()
        try:
            extents = {name: extent for name in changed if (extent := await self._extent(name))}
            extents |= await self._mark_losses(extents)
            if extents:
                await self._store.save_logs({name: _figures(extent) for name, extent in extents.items()})
        except (DatabaseError, OSError):
            self._changed |= changed
            raise
        if len(self._to_purge) < _PURGES_MAX:
            self._to_purge.update(dict.fromkeys(name for name, extent in extents.items() if extent.is_complete))

    async def _mark_losses(self, extents: Mapping[LogName, Extent]) -> dict[LogName, Extent]:
        """Find logs whose files are shorter than when their end was recorded: the disk has lost what is missing."""
        shorter = {name: extent.stored_bytes for name, extent in extents.items() if not extent.is_complete}
        recorded = await self._store.list_ended_logs(shorter) if shorter else {}
        for name, stored_bytes in recorded.items():
            if (missing := stored_bytes - shorter[name]) <= 0:
                continue
            async with self._library.borrow(name) as opened, opened.writing:
                if not opened.stored.extent.is_complete:
                    await asyncio.to_thread(opened.stored.end_with_gap, missing)
            gaps_made.inc()
            log.error("log_has_a_gap", job=name.job, attempt=name.attempt, missing_bytes=missing, lost_by="the disk")
            self._library.ring(name)
        return {name: extent for name in recorded if (extent := await self._extent(name))}

    async def _extent(self, name: LogName) -> Extent | None:
        try:
            async with self._library.borrow(name) as opened:
                return opened.stored.extent
        except FileNotFoundError:
            return None

    async def _purge(self) -> None:
        for name in list(self._to_purge)[:_PURGES_EACH_TIME]:
            body = json.dumps({"filter": own_subjects(name)}).encode()
            reply = json.loads(await self._bus.call(_PURGE_SUBJECT, body))
            if error := reply.get("error"):
                log.warning("log_not_purged", job=name.job, container=name.container, error=error.get("description"))
            del self._to_purge[name]


def _files_since(folder: Path, since: float) -> list[LogName]:
    changed = (path for path in folder.glob("*/*.*.log") if path.stat().st_mtime >= since)
    return [name for path in changed if (name := read_path(path))]


def _figures(extent: Extent) -> LogFigures:
    return LogFigures(
        lines=extent.lines,
        bytes=extent.stored_bytes,
        gaps=len(extent.gaps),
        is_complete=extent.is_complete,
        is_truncated=extent.is_truncated,
    )
