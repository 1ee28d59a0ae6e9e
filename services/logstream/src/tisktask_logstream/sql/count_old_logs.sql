-- Counts the jobs whose logs list_old_logs.sql lists, and what these take on the disk.
SELECT
    count(DISTINCT logs.job)::integer AS jobs,
    coalesce(sum(logs.bytes + %(record_bytes)s * logs.lines) FILTER (WHERE logs.has_files), 0)::bigint AS bytes
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
