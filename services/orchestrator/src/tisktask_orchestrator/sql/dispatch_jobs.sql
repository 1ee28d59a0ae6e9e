-- Choose waiting jobs for the free room of a pool's live runners: of the repository with the fewest first, then by age.
WITH taken AS MATERIALIZED (
    SELECT repository_id, count(*) AS jobs
    FROM orchestrator.jobs
    WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NOT NULL
    GROUP BY repository_id
), room AS MATERIALIZED (
    SELECT greatest(0, %(jobs_per_slot)s * coalesce((
        SELECT sum(slots)
        FROM orchestrator.runners
        WHERE pool = %(pool)s AND alive_until > now() AND NOT is_draining
    ), 0) - coalesce((SELECT sum(jobs) FROM taken), 0))::bigint AS jobs
), waiting AS (
    SELECT DISTINCT repository_id
    FROM orchestrator.jobs
    WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NULL AND (SELECT jobs FROM room) > 0
), candidate AS (
    SELECT oldest.id, coalesce(taken.jobs, 0) + oldest.place AS turn
    FROM waiting
    LEFT JOIN taken ON taken.repository_id = waiting.repository_id
    CROSS JOIN LATERAL (
        SELECT job.id, row_number() OVER (ORDER BY job.id) AS place
        FROM orchestrator.jobs AS job
        WHERE job.pool = %(pool)s
            AND job.repository_id = waiting.repository_id
            AND job.finished_at IS NULL
            AND job.dispatched_at IS NULL
        ORDER BY job.id
        LIMIT (SELECT jobs FROM room)
    ) AS oldest
    ORDER BY turn, oldest.id
    LIMIT (SELECT jobs FROM room)
), chosen AS (
    SELECT id
    FROM orchestrator.jobs
    WHERE id IN (SELECT id FROM candidate) AND finished_at IS NULL AND dispatched_at IS NULL
    FOR UPDATE SKIP LOCKED
)
UPDATE orchestrator.jobs AS job
SET dispatched_at = now()
FROM chosen
WHERE job.id = chosen.id
RETURNING job.id AS job_id, job.run_id, job.attempt, job.pool
