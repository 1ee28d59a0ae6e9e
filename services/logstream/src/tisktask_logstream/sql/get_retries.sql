-- Reads when a job is tried again, how often it was, and before when its next attempt does not begin.
SELECT retries, retry_on_lost AS on_lost, retry_codes AS on_codes, retries_used AS used,
    nullif(not_before, '-infinity') AS next_not_before
FROM api.retries
WHERE job_id = %(job)s
