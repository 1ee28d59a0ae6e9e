-- Free a lock whose time or whose holder's attempt is over, and forget those who have stopped to ask for it.
WITH freed AS (
    DELETE FROM orchestrator.locks AS lock
    WHERE lock.repository_id = %(repository_id)s
        AND lock.name = %(name)s
        AND (
            lock.expires_at <= clock_timestamp()
            OR NOT EXISTS (
                SELECT FROM orchestrator.jobs AS job
                WHERE job.id = lock.job_id AND job.attempt = lock.attempt AND job.finished_at IS NULL
            )
        )
)
DELETE FROM orchestrator.lock_waiters AS waiter
WHERE waiter.repository_id = %(repository_id)s
    AND waiter.name = %(name)s
    AND (
        waiter.asked_at < clock_timestamp() - make_interval(secs => %(patience_seconds)s)
        OR NOT EXISTS (
            SELECT FROM orchestrator.jobs AS job
            WHERE job.id = waiter.job_id AND job.attempt = waiter.attempt AND job.finished_at IS NULL
        )
    )
