-- List the jobs of a run that have not ended.
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND finished_at IS NULL
ORDER BY id
