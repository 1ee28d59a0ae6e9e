-- Lists jobs whose logs have been kept long enough after the end of their run, and of those that show them again.
SELECT DISTINCT logs.run, logs.job
FROM logstream.logs
JOIN api.jobs ON jobs.id = logs.job
JOIN api.runs ON runs.id = jobs.run_id
WHERE logs.deleted_at IS NULL
    AND runs.finished_at < now() - make_interval(days => %(days)s)
    AND NOT EXISTS (
        SELECT
        FROM api.carried_jobs
        JOIN api.jobs AS shown ON shown.id = carried_jobs.job_id
        JOIN api.runs AS showing ON showing.id = shown.run_id
        WHERE carried_jobs.carried_from = logs.job
            AND (showing.finished_at IS NULL OR showing.finished_at >= now() - make_interval(days => %(days)s))
    )
LIMIT %(count)s
