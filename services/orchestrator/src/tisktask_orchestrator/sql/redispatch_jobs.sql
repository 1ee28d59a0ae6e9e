-- Choose dispatched jobs that nobody has claimed for long, while there is somebody to claim them.
WITH unclaimed AS (
    SELECT id
    FROM orchestrator.jobs
    WHERE pool = %(pool)s
        AND finished_at IS NULL
        AND dispatched_at IS NOT NULL
        AND dispatched_at < now() - make_interval(secs => %(unclaimed_seconds)s)
        AND state = 'queued'
        AND labels = '{}'
        AND EXISTS (SELECT FROM orchestrator.runners WHERE pool = %(pool)s AND alive_until > now() AND NOT is_draining)
    FOR UPDATE SKIP LOCKED
)
UPDATE orchestrator.jobs AS job
SET dispatched_at = now()
FROM unclaimed
WHERE job.id = unclaimed.id
RETURNING job.id AS job_id, job.run_id, job.attempt, job.pool
