-- Give a lock back, if this job holds it.
DELETE FROM orchestrator.locks
WHERE repository_id = %(repository_id)s AND name = %(name)s AND job_id = %(job_id)s
