-- Keep what a job says about itself; null leaves as it is.
UPDATE orchestrator.jobs
SET
    title = coalesce(%(title)s, title),
    status_text = coalesce(%(status_text)s, status_text),
    summary = coalesce(%(summary)s, summary),
    descriptions = descriptions + 1
WHERE id = %(job_id)s
RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
