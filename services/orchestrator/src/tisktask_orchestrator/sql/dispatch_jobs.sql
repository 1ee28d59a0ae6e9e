-- Choose waiting jobs for the free room of a pool's live runners, as far as their repositories' limits go. Slots that waiting jobs
-- lend are for what jobs have started, so that what has begun can end; else it is the turn of the repositories of the highest
-- priority, among them of the one with the fewest, in it of the deepest, then by age.
WITH host AS MATERIALIZED (
    SELECT runner, sum(slots) FILTER (WHERE NOT is_draining) AS slots, sum(waiting) AS lent
    FROM orchestrator.runners
    WHERE pool = %(pool)s AND alive_until > now()
    GROUP BY runner
    HAVING NOT bool_and(is_draining)
), taken AS MATERIALIZED (
    SELECT
        placed.repository_id,
        count(*) AS jobs,
        count(*) FILTER (WHERE placed.uses_room) AS using_room,
        count(*) FILTER (WHERE placed.uses_room AND placed.depth > 0) AS children
    FROM (
        SELECT
            job.repository_id, job.depth,
            -- What a host has that takes nothing more, and what is offered to hosts with labels, is in nobody's way.
            CASE WHEN job.state = 'queued' THEN job.labels = '{}' ELSE host.runner IS NOT NULL END AS uses_room
        FROM orchestrator.jobs AS job
        LEFT JOIN host ON host.runner = job.runner
        WHERE job.pool = %(pool)s AND job.finished_at IS NULL AND job.dispatched_at IS NOT NULL
    ) AS placed
    GROUP BY placed.repository_id
), offer AS (
    SELECT
        coalesce((SELECT sum(slots) FROM host), 0) AS slots,
        coalesce((SELECT sum(lent) FROM host), 0) AS lent,
        coalesce((SELECT sum(using_room) FROM taken), 0) AS used,
        coalesce((SELECT sum(children) FROM taken), 0) AS children
), room AS MATERIALIZED (
    SELECT
        greatest(0, %(jobs_per_slot)s * slots + lent - used)::bigint AS jobs,
        greatest(0, lent - children)::bigint AS for_children
    FROM offer
), waiting AS (
    SELECT own.repository_id, own.priority, own.room
    FROM (
        SELECT DISTINCT repository_id
        FROM orchestrator.jobs
        WHERE pool = %(pool)s
            AND finished_at IS NULL
            AND dispatched_at IS NULL
            AND labels = '{}'
            AND (SELECT jobs FROM room) > 0
    ) AS queued
    JOIN orchestrator.repository_turns AS own ON own.repository_id = queued.repository_id
), turn AS (
    SELECT oldest.id, oldest.depth > 0 AS is_child, waiting.priority, coalesce(taken.jobs, 0) + oldest.place AS number
    FROM waiting
    LEFT JOIN taken ON taken.repository_id = waiting.repository_id
    CROSS JOIN LATERAL (
        SELECT job.id, job.depth, row_number() OVER (ORDER BY job.depth DESC, job.id) AS place
        FROM orchestrator.jobs AS job
        WHERE job.pool = %(pool)s
            AND job.repository_id = waiting.repository_id
            AND job.finished_at IS NULL
            AND job.dispatched_at IS NULL
            AND job.not_before <= now()
            AND job.labels = '{}'
        ORDER BY job.depth DESC, job.id
        LIMIT least((SELECT jobs FROM room), waiting.room)
    ) AS oldest
), candidate AS (
    SELECT ranked.id
    FROM (
        SELECT
            id, is_child, priority, number,
            row_number() OVER (PARTITION BY is_child ORDER BY priority DESC, number, id) AS rank
        FROM turn
    ) AS ranked
    ORDER BY ranked.is_child AND ranked.rank <= (SELECT for_children FROM room) DESC, ranked.priority DESC, ranked.number, ranked.id
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
