"""What the deletion of runs asks of logstream: whose logs have no end yet, and to delete those of a deleted run."""

import asyncio
from collections.abc import Callable

import nats.errors
import structlog
from nats.aio.msg import Msg

from tisktask_common.errors import DatabaseError
from tisktask_common.events import RunDeleted
from tisktask_common.run_deletion import ListIncompleteLogs, NeededRuns
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.removal import Removal
from tisktask_logstream.archive.retention import logs_deleted

log = structlog.get_logger()

_PAUSE_SECONDS = 1.0


class Deletions:
    """Answers the orchestrator, and hears from it. `on_gone` is told of each run whose logs are deleted."""

    def __init__(self, store: LogStore, removal: Removal, on_gone: Callable[[str], None]) -> None:
        self._store = store
        self._removal = removal
        self._on_gone = on_gone

    async def list_incomplete(self, request: ListIncompleteLogs, _caller: str) -> NeededRuns:
        open_logs = await self._store.list_runs_with_open_logs(request.run_ids, request.patience_seconds)
        return NeededRuns(run_ids=open_logs)

    async def take(self, message: Msg) -> None:
        """Delete the logs of a deleted run; acknowledged when that is done, however long the database is away."""
        event = RunDeleted.model_validate_json(message.data)
        while True:
            try:
                await self._delete(event)
                break
            except (DatabaseError, OSError) as error:
                log.warning("deletion_waits", run=event.run_id, error=str(error))
            try:
                await message.in_progress()
            except nats.errors.Error as error:
                log.warning("deletion_not_kept", error=repr(error))
            await asyncio.sleep(_PAUSE_SECONDS)
        await message.ack()

    async def _delete(self, event: RunDeleted) -> None:
        if await self._store.list_known_runs([event.run_id]):
            # The database was put back to an older state: what is there keeps its logs.
            log.error("deleted_run_is_there", run=event.run_id)
            return
        await self._removal.remove_run(event.run_id)
        logs_deleted.labels("run").inc()
        self._on_gone(event.run_id)
        log.info("logs_of_deleted_run_deleted", run=event.run_id)
