-- Read one attempt of a job.
SELECT job_id, attempt, runner, state, started_at, finished_at
FROM orchestrator.attempts
WHERE job_id = %(job_id)s AND attempt = %(attempt)s
