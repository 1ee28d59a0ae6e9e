-- Conclude a job.
UPDATE orchestrator.jobs
SET result = %(result)s
WHERE id = %(job_id)s
RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
