-- List what a job has started, and what that has started, as far as it is attached and has not ended.
WITH RECURSIVE attached AS (
    SELECT id
    FROM orchestrator.jobs
    WHERE parent_job_id = %(job_id)s AND NOT is_detached
    UNION ALL
    SELECT child.id
    FROM attached
    JOIN orchestrator.jobs AS child ON child.parent_job_id = attached.id
    WHERE NOT child.is_detached
)
SELECT job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at,
    job.title, job.parent_job_id, job.has_status, job.may_fail, job.is_detached, job.result, job.seconds_max
FROM attached
JOIN orchestrator.jobs AS job ON job.id = attached.id
WHERE job.finished_at IS NULL
ORDER BY job.id
