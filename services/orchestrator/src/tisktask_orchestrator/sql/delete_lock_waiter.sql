-- Give up waiting for a lock.
DELETE FROM orchestrator.lock_waiters
WHERE repository_id = %(repository_id)s AND name = %(name)s AND job_id = %(job_id)s
