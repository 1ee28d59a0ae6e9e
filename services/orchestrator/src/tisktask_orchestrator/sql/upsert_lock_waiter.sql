-- Queue for a lock, or say that one still waits: the place stays.
INSERT INTO orchestrator.lock_waiters (repository_id, name, job_id, attempt, queued_at, asked_at)
VALUES (%(repository_id)s, %(name)s, %(job_id)s, %(attempt)s, clock_timestamp(), clock_timestamp())
ON CONFLICT (repository_id, name, job_id) DO UPDATE
SET attempt = excluded.attempt, asked_at = excluded.asked_at
