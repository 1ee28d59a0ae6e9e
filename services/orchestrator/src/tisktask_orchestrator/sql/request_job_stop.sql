-- Order a job that a runner has to stop. No row: no runner has it, or the order was given before.
UPDATE orchestrator.jobs
SET stop_state = %(stop_state)s, stop_reason = %(reason)s, stop_requested_at = now()
WHERE id = %(job_id)s AND state = ANY(%(from)s) AND runner IS NOT NULL AND stop_state IS NULL
RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
