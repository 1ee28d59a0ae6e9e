-- Read who is the first to wait for a lock of a repository.
SELECT waiter.job_id, job.name AS job_name, run.number AS run_number, waiter.queued_at AS since
FROM orchestrator.lock_waiters AS waiter
JOIN orchestrator.jobs AS job ON job.id = waiter.job_id
JOIN orchestrator.runs AS run ON run.id = job.run_id
WHERE waiter.repository_id = %(repository_id)s AND waiter.name = %(name)s
ORDER BY waiter.place
LIMIT 1
