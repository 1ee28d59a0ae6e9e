-- Count the locks that a job holds or waits for.
SELECT
    (SELECT count(*) FROM orchestrator.locks AS lock WHERE lock.job_id = %(job_id)s)
    + (SELECT count(*) FROM orchestrator.lock_waiters AS waiter WHERE waiter.job_id = %(job_id)s) AS locks
