-- Take from a job that has lost its attempt its locks, its places in queues and its subscriptions; list its locks.
WITH left_queues AS (
    DELETE FROM orchestrator.lock_waiters
    WHERE job_id = %(job_id)s
), unsubscribed AS (
    DELETE FROM orchestrator.subscriptions
    WHERE job_id = %(job_id)s
)
DELETE FROM orchestrator.locks
WHERE job_id = %(job_id)s
RETURNING repository_id, name
