-- Read when a job is tried again, and how often it was.
SELECT retries, retry_on_lost, retry_codes, retries_used
FROM orchestrator.jobs
WHERE id = %(job_id)s
