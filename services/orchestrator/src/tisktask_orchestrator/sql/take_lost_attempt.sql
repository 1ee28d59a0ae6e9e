-- Lock an attempt whose lease is still over, so that no heartbeat extends it now. No row: it was extended or ended.
SELECT job_id, attempt, runner, state, started_at, finished_at
FROM orchestrator.attempts
WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND finished_at IS NULL AND lease_until < now()
FOR UPDATE
