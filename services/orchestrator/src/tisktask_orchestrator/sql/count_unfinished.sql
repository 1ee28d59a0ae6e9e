-- Count what waits and what is at work, for the metrics.
WITH waiting AS (
    SELECT
        (SELECT count(*) FROM orchestrator.jobs WHERE finished_at IS NULL AND dispatched_at IS NULL AND labels = '{}')
        + (SELECT count(*) FROM orchestrator.jobs WHERE finished_at IS NULL AND dispatched_at IS NULL AND labels <> '{}')
        AS jobs
), taken AS (
    SELECT
        count(*) FILTER (WHERE state = 'queued') AS dispatched,
        count(*) FILTER (WHERE state = 'starting') AS starting,
        count(*) FILTER (WHERE state = 'running') AS running
    FROM orchestrator.jobs
    WHERE finished_at IS NULL AND dispatched_at IS NOT NULL
), unplaceable AS (
    SELECT count(*) AS jobs
    FROM orchestrator.jobs AS job
    WHERE job.finished_at IS NULL
        AND job.labels <> '{}'
        AND job.state = 'queued'
        AND NOT EXISTS (
            SELECT FROM orchestrator.runners AS runner
            WHERE runner.pool = job.pool AND job.labels <@ runner.labels AND runner.alive_until > now()
        )
)
SELECT
    waiting.jobs AS waiting, taken.dispatched, taken.starting, taken.running, unplaceable.jobs AS unplaceable,
    (SELECT coalesce(sum(waiting), 0)::bigint FROM orchestrator.runners WHERE alive_until > now()) AS lent,
    (SELECT count(*) FROM orchestrator.outbox) AS outbox
FROM waiting, taken, unplaceable
