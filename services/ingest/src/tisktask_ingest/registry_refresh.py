"""Keeps the registry true: at the start, on every change, after outages, once a minute, and on demand."""

import asyncio
import time
from pathlib import Path

import structlog
from pydantic import ValidationError

from tisktask_common.errors import TisktaskError
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import HookSecrets, ListRepositories
from tisktask_common.sealing import KeyPair
from tisktask_ingest import metrics
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.registry import Registry, open_hook
from tisktask_ingest.snapshot import Snapshot, read_snapshot, write_snapshot

log = structlog.get_logger()

PERIOD_SECONDS = 60.0
#: Any sender of a bad signature can ask for a refresh: not more often than this.
ON_DEMAND_PAUSE_SECONDS = 1.0
#: A forge waits 5 s for our answer, and the bus may need 2 s of them.
ON_DEMAND_PATIENCE_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
#: Without any list nothing works: ask more often.
_FIRST_PATIENCE_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_FIRST_RETRY_SECONDS = 0.25
_PULSE_SECONDS = 0.25


class RegistryRefresh:
    """Asks the orchestrator for all repositories, one refresh at a time, and keeps a snapshot of the answer."""

    def __init__(self, link: BusLink, registry: Registry, keys: KeyPair, snapshot_path: Path) -> None:
        self._link = link
        self._registry = registry
        self._keys = keys
        self._snapshot_path = snapshot_path
        self._changed = asyncio.Event()
        self._current: asyncio.Task[bool] | None = None
        self._began_at = -ON_DEMAND_PAUSE_SECONDS
        self._has_succeeded = False
        self._is_snapshot_old = False
        self._reconnects = 0
        self._due_at = 0.0

    def load_snapshot(self) -> None:
        """Begin with what was known before the restart."""
        snapshot = read_snapshot(self._snapshot_path, self._keys.public)
        if snapshot:
            self._registry.replace(open_hook(item, self._keys) for item in snapshot.items)
            log.info("snapshot_loaded", repositories=len(snapshot.items))

    def note_change(self) -> None:
        """Refresh soon: a repository was added, changed or removed."""
        self._changed.set()

    async def run(self) -> None:
        while True:
            if self._link.is_ready and self._is_due():
                self._changed.clear()
                self._reconnects = self._link.reconnects
                has_succeeded = await self._join()
                self._due_at = time.monotonic() + self._pause_seconds(has_succeeded=has_succeeded)
            # Not at once on a change: a hundred new repositories are one refresh, not a hundred.
            await asyncio.sleep(_PULSE_SECONDS)

    def _is_due(self) -> bool:
        is_back = self._link.reconnects != self._reconnects
        return self._changed.is_set() or is_back or time.monotonic() >= self._due_at

    def _pause_seconds(self, *, has_succeeded: bool) -> float:
        if has_succeeded:
            return PERIOD_SECONDS
        return _RETRY_SECONDS if self._registry.is_loaded else _FIRST_RETRY_SECONDS

    async def on_demand(self) -> bool:
        """Refresh for a delivery that waits; True if the registry is fresh now.

        All who ask at the same time share one refresh; it begins after they asked, and not right after another.
        """
        if not self._link.is_ready:
            return False
        try:
            async with asyncio.timeout(ON_DEMAND_PATIENCE_SECONDS):
                return await self._refresh_after(time.monotonic())
        except TimeoutError:
            return False

    async def _refresh_after(self, asked_at: float) -> bool:
        while self._began_at < asked_at:
            if self._current is not None:
                # It may have read the list before the repository was in it.
                await self._join()
            elif (pause := self._began_at + ON_DEMAND_PAUSE_SECONDS - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            else:
                return await self._join()
        return await self._join() if self._current is not None else self._has_succeeded

    async def _join(self) -> bool:
        """Wait for the refresh that runs, or begin one. It goes on if the waiter gives up."""
        if self._current is None:
            self._began_at = time.monotonic()
            self._current = asyncio.create_task(self._refresh_once())
        return await asyncio.shield(self._current)

    async def _refresh_once(self) -> bool:
        self._has_succeeded = False
        try:
            self._has_succeeded = await self._refresh()
        finally:
            # Not in a callback: until that has its turn, who waits would wait for what is over, again and again.
            self._current = None
        return self._has_succeeded

    async def _refresh(self) -> bool:
        try:
            items = await self._fetch_all()
        except (TisktaskError, ValidationError) as error:
            metrics.registry_refreshes.labels("failed").inc()
            log.warning("registry_not_refreshed", error=str(error)[:500])
            return False
        metrics.registry_refreshes.labels("done").inc()
        if self._registry.replace([open_hook(item, self._keys) for item in items]):
            log.info("registry_refreshed", repositories=len(items))
            self._is_snapshot_old = True
        if self._is_snapshot_old:
            await self._write_snapshot(items)
        return True

    async def _write_snapshot(self, items: list[HookSecrets]) -> None:
        snapshot = Snapshot(public_key=self._keys.public, items=items)
        try:
            await asyncio.to_thread(write_snapshot, self._snapshot_path, snapshot)
        except OSError as error:
            # Deliveries are taken all the same; the next refresh tries again.
            metrics.snapshot_failures.inc()
            log.warning("snapshot_not_written", path=str(self._snapshot_path), error=str(error))
        else:
            self._is_snapshot_old = False

    async def _fetch_all(self) -> list[HookSecrets]:
        patience_seconds = _PATIENCE_SECONDS if self._registry.is_loaded else _FIRST_PATIENCE_SECONDS
        items: list[HookSecrets] = []
        after: RepositoryId | None = None
        while True:
            request = ListRepositories(public_key=self._keys.public, after=after)
            page = await self._link.ask_repositories(request, patience_seconds)
            items += page.items
            if page.next_after is None:
                return items
            after = page.next_after
