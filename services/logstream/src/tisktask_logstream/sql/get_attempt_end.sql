-- Tells whether nothing more is to be expected of an attempt's log, and since when.
SELECT
    jobs.attempt > %(attempt)s OR jobs.state = ANY(%(ends)s) AS is_over,
    attempts.claimed_at IS NOT NULL AS was_claimed,
    extract(epoch FROM now() - coalesce(attempts.finished_at, jobs.finished_at))::float8 AS seconds_ago
FROM api.jobs
LEFT JOIN api.attempts ON attempts.job_id = jobs.id AND attempts.attempt = %(attempt)s
WHERE jobs.id = %(job)s
