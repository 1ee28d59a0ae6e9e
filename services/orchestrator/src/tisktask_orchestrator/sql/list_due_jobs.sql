-- List queued jobs that a busy host must keep its next slots for: they ask for labels that it has, and it is their turn before
-- all that waits for any host. They are not noted as offered: who has a slot first takes them.
WITH turn AS MATERIALIZED (
    SELECT repository_id, priority, room
    FROM orchestrator.repository_turns
    WHERE repository_id IN (
        SELECT repository_id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s AND finished_at IS NULL AND labels <> '{}' AND state = 'queued'
        UNION
        SELECT repository_id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NULL AND labels = '{}'
        UNION
        SELECT repository_id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s
            AND finished_at IS NULL
            AND dispatched_at IS NOT NULL
            AND labels = '{}'
            AND state = 'queued'
    )
), next_for_all AS (
    SELECT turn.priority, queued.depth, queued.id
    FROM (
        SELECT repository_id, depth, id, true AS needs_room
        FROM orchestrator.jobs
        WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NULL AND labels = '{}' AND not_before <= now()
        UNION ALL
        SELECT repository_id, depth, id, false
        FROM orchestrator.jobs
        WHERE pool = %(pool)s
            AND finished_at IS NULL
            AND dispatched_at IS NOT NULL
            AND labels = '{}'
            AND state = 'queued'
    ) AS queued
    JOIN turn ON turn.repository_id = queued.repository_id
    WHERE NOT queued.needs_room OR turn.room IS NULL OR turn.room > 0
    ORDER BY turn.priority DESC, queued.depth DESC, queued.id
    LIMIT 1
)
SELECT job.id AS job_id, job.run_id, job.attempt, job.pool
FROM orchestrator.jobs AS job
JOIN turn ON turn.repository_id = job.repository_id
LEFT JOIN next_for_all ON true
WHERE job.pool = %(pool)s
    AND job.finished_at IS NULL
    AND job.labels <> '{}'
    AND job.not_before <= now()
    AND job.labels <@ %(labels)s::text[]
    AND job.state = 'queued'
    AND (turn.room IS NULL OR turn.room > 0)
    AND (
        next_for_all.id IS NULL
        OR (-turn.priority, -job.depth, job.id) < (-next_for_all.priority, -next_for_all.depth, next_for_all.id)
    )
ORDER BY turn.priority DESC, job.depth DESC, job.id
LIMIT %(jobs_max)s
