"""What a job has only as long as its attempt lasts: locks, places in queues for them, subscriptions."""

from tisktask_common.ids import JobId
from tisktask_common.job_requests import News
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.store.locks import LockKey, list_lock_waiters, release_holdings


async def release_locks_of_job(change: RunChange, job: JobId) -> None:
    """Take all that from a job whose attempt is over, however that came; who waits for its locks hears of it."""
    for lock in await release_holdings(change.connection, job):
        await tell_waiters(change, lock)


async def tell_waiters(change: RunChange, lock: LockKey) -> None:
    """Let those know who wait for a lock that it may be free."""
    news = News(scope=lock.repository_id, topics=[f"lock:{lock.plain_name}"])
    change.news += [(runner, news) for runner in await list_lock_waiters(change.connection, lock)]
