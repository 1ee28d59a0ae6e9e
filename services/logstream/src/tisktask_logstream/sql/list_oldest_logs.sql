-- Lists the jobs of ended runs whose logs are the oldest that have files, with what these take.
SELECT logs.run, logs.job, sum(logs.bytes + %(record_bytes)s * logs.lines)::bigint AS bytes
FROM logstream.logs
JOIN api.jobs ON jobs.id = logs.job
JOIN api.runs ON runs.id = jobs.run_id
WHERE logs.deleted_at IS NULL AND runs.finished_at IS NOT NULL AND jobs.finished_at IS NOT NULL
GROUP BY logs.run, logs.job, jobs.finished_at
HAVING sum(logs.bytes) > 0
ORDER BY jobs.finished_at, logs.job
LIMIT %(count)s
