-- Choose queued jobs that ask for labels which a host has, for its free slots, and note that they were offered.
WITH taken AS (
    SELECT repository_id, count(*) AS jobs
    FROM orchestrator.jobs
    WHERE pool = %(pool)s AND finished_at IS NULL AND dispatched_at IS NOT NULL
    GROUP BY repository_id
), turn AS (
    SELECT
        job.id,
        own.priority,
        own.room,
        row_number() OVER (PARTITION BY job.repository_id ORDER BY job.depth DESC, job.id) AS place,
        coalesce(taken.jobs, 0)
            + row_number() OVER (PARTITION BY job.repository_id ORDER BY job.depth DESC, job.id) AS number
    FROM orchestrator.jobs AS job
    JOIN orchestrator.repository_turns AS own ON own.repository_id = job.repository_id
    LEFT JOIN taken ON taken.repository_id = job.repository_id
    WHERE job.pool = %(pool)s
        AND job.finished_at IS NULL
        AND job.labels <> '{}'
        AND job.not_before <= now()
        AND job.labels <@ %(labels)s::text[]
        AND job.state = 'queued'
        AND (job.dispatched_at IS NULL OR job.dispatched_at < now() - make_interval(secs => %(unclaimed_seconds)s))
), chosen AS (
    SELECT job.id
    FROM orchestrator.jobs AS job
    JOIN turn ON turn.id = job.id
    -- Asked again of the row as it is when it is locked: another host's heartbeat may have been first.
    WHERE (turn.room IS NULL OR turn.place <= turn.room)
        AND job.finished_at IS NULL
        AND job.state = 'queued'
        AND (job.dispatched_at IS NULL OR job.dispatched_at < now() - make_interval(secs => %(unclaimed_seconds)s))
    ORDER BY turn.priority DESC, turn.number, job.id
    LIMIT %(jobs_max)s
    FOR UPDATE OF job SKIP LOCKED
)
UPDATE orchestrator.jobs AS job
SET dispatched_at = now()
FROM chosen
WHERE job.id = chosen.id
RETURNING job.id AS job_id, job.run_id, job.attempt, job.pool
