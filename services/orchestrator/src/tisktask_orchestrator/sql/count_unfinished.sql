-- Count what waits and what is at work, for the metrics.
WITH waiting AS (
    SELECT count(*) AS jobs
    FROM orchestrator.jobs
    WHERE finished_at IS NULL AND dispatched_at IS NULL
), taken AS (
    SELECT
        count(*) FILTER (WHERE state = 'queued') AS dispatched,
        count(*) FILTER (WHERE state = 'starting') AS starting,
        count(*) FILTER (WHERE state = 'running') AS running
    FROM orchestrator.jobs
    WHERE finished_at IS NULL AND dispatched_at IS NOT NULL
)
SELECT
    waiting.jobs AS waiting, taken.dispatched, taken.starting, taken.running,
    (SELECT count(*) FROM orchestrator.outbox) AS outbox
FROM waiting, taken
