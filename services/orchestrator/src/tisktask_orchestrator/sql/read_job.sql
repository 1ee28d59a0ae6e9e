-- Read a job.
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at
FROM orchestrator.jobs
WHERE id = %(job_id)s
