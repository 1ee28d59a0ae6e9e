-- Finds the run in whose name a runner host may ask: the attempt is its own, the job's newest, and at work.
SELECT jobs.run_id
FROM api.jobs
JOIN api.attempts ON attempts.job_id = jobs.id AND attempts.attempt = jobs.attempt
WHERE jobs.id = %(job)s
    AND jobs.attempt = %(attempt)s
    AND attempts.runner = %(runner)s
    AND jobs.state IN ('starting', 'running')
