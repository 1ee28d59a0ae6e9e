"""Forgets old statuses and measures what is not delivered yet."""

import asyncio

import structlog
from prometheus_client import Gauge

from tisktask_reporter.delivery_loop import loop_errors
from tisktask_reporter.store import Store

log = structlog.get_logger()

UPKEEP_SECONDS = 15.0
_DELETED_AT_ONCE = 1000
_DAY_SECONDS = 86_400.0

waiting = Gauge("tisktask_statuses_waiting", "Statuses that are not delivered yet")
oldest_seconds = Gauge("tisktask_statuses_waiting_seconds", "Age of the oldest status that is not delivered yet")


async def keep_up(store: Store, kept_days: int) -> None:
    """Do so every few seconds until cancelled."""
    while True:
        try:
            await measure_backlog(store)
            await delete_old_statuses(store, kept_days)
            await store.delete_unused_accounts()
        except Exception:
            loop_errors.labels("upkeep").inc()
            log.exception("upkeep_failed")
        await asyncio.sleep(UPKEEP_SECONDS)


async def measure_backlog(store: Store) -> None:
    backlog = await store.read_backlog()
    waiting.set(backlog.waiting)
    oldest_seconds.set(backlog.oldest_seconds)


async def delete_old_statuses(store: Store, kept_days: int) -> int:
    """Delete all that are older, some at a time so that no lock is held long."""
    deleted = 0
    while count := await store.delete_old_statuses(kept_days * _DAY_SECONDS, _DELETED_AT_ONCE):
        deleted += count
    if deleted:
        log.info("old_statuses_deleted", count=deleted)
    return deleted
