-- List the hosts where jobs wait for a lock of a repository.
SELECT DISTINCT job.runner
FROM orchestrator.lock_waiters AS waiter
JOIN orchestrator.jobs AS job ON job.id = waiter.job_id
WHERE waiter.repository_id = %(repository_id)s AND waiter.name = %(name)s AND job.runner IS NOT NULL
