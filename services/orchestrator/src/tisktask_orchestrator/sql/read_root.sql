-- Find the discovered job (or preparation) that a job comes from: itself, if no other job has started it.
WITH RECURSIVE line AS (
    SELECT id, run_id, parent_job_id
    FROM orchestrator.jobs
    WHERE id = %(job_id)s
    UNION ALL
    SELECT parent.id, parent.run_id, parent.parent_job_id
    FROM line
    JOIN orchestrator.jobs AS parent ON parent.id = line.parent_job_id
)
SELECT id, run_id
FROM line
WHERE parent_job_id IS NULL
