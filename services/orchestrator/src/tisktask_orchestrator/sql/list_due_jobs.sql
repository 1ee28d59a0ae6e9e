-- List queued jobs that a busy host must keep its next slots for: they ask for labels that it has, and it is their turn before
-- all that waits for any host. They are not noted as offered: who has a slot first takes them.
WITH next_for_all AS (
    SELECT depth, id
    FROM (
        SELECT depth, id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NULL AND labels = '{}' AND not_before <= now()
        UNION ALL
        SELECT depth, id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s
            AND finished_at IS NULL
            AND dispatched_at IS NOT NULL
            AND labels = '{}'
            AND state = 'queued'
    ) AS queued
    ORDER BY depth DESC, id
    LIMIT 1
)
SELECT job.id AS job_id, job.run_id, job.attempt, job.pool
FROM orchestrator.jobs AS job
LEFT JOIN next_for_all ON true
WHERE job.pool = %(pool)s
    AND job.finished_at IS NULL
    AND job.labels <> '{}'
    AND job.labels <@ %(labels)s::text[]
    AND job.state = 'queued'
    AND (next_for_all.id IS NULL OR (-job.depth, job.id) < (-next_for_all.depth, next_for_all.id))
ORDER BY job.depth DESC, job.id
LIMIT %(jobs_max)s
    AND job.not_before <= now()
