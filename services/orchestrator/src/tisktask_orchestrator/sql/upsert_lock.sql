-- Take a lock that is free, or set anew how long its holder has it.
INSERT INTO orchestrator.locks (repository_id, name, job_id, attempt, taken_at, expires_at)
VALUES (
    %(repository_id)s, %(name)s, %(job_id)s, %(attempt)s, clock_timestamp(),
    clock_timestamp() + make_interval(secs => %(seconds_max)s)
)
ON CONFLICT (repository_id, name) DO UPDATE
SET expires_at = excluded.expires_at
WHERE locks.job_id = excluded.job_id
