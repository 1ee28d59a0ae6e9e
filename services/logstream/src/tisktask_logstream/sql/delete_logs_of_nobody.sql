-- Forgets some logs whose run was deleted, a day after they were last recorded.
DELETE FROM logstream.logs
WHERE (job, attempt, container) IN (
    SELECT logs.job, logs.attempt, logs.container
    FROM logstream.logs
    WHERE logs.updated_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM api.runs WHERE runs.id = logs.run)
    LIMIT %(count)s
)
