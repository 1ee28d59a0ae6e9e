-- Lists those of some runs with a log whose end is not stored and may still come.
SELECT jobs.run_id AS id
FROM api.jobs
JOIN api.attempts ON attempts.job_id = jobs.id
LEFT JOIN logstream.logs
    ON logs.job = attempts.job_id AND logs.attempt = attempts.attempt AND logs.container = ''
WHERE jobs.run_id = ANY(%(runs)s::text[])
    AND logs.is_complete IS NOT TRUE
    AND coalesce(attempts.finished_at, now()) > now() - make_interval(secs => %(patience_seconds)s)
UNION
SELECT logs.run
FROM logstream.logs
WHERE logs.run = ANY(%(runs)s::text[])
    AND logs.container <> ''
    AND NOT logs.is_complete
    AND logs.updated_at > now() - make_interval(secs => %(patience_seconds)s)
