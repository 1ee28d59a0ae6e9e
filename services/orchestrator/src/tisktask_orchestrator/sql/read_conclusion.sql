-- Read what a job that has ended is concluded from. No row: it, or a job that it has started, is still at work.
SELECT
    job.state,
    (
        SELECT coalesce(array_agg(DISTINCT child.result), '{}')
        FROM orchestrator.jobs AS child
        WHERE child.parent_job_id = job.id AND NOT child.is_detached AND NOT child.may_fail
    ) AS results
FROM orchestrator.jobs AS job
WHERE job.id = %(job_id)s
    AND job.finished_at IS NOT NULL
    AND job.result IS NULL
    AND NOT EXISTS (
        SELECT FROM orchestrator.jobs AS child
        WHERE child.parent_job_id = job.id AND NOT child.is_detached AND child.result IS NULL
    )
