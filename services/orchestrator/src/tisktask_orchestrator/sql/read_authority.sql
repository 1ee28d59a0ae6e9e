-- Read an attempt that a runner holds, with its job and run. No row: it is not that runner's newest, or all is over.
SELECT
    job.id AS job_id, job.run_id, job.repository_id, job.attempt, job.name, job.depth, job.stop_state,
    run.number AS run_number, run.stop_state AS run_stop_state, run.scope
FROM orchestrator.jobs AS job
JOIN orchestrator.runs AS run ON run.id = job.run_id
JOIN orchestrator.attempts AS held ON held.job_id = job.id AND held.attempt = job.attempt
WHERE job.id = %(job_id)s
    AND job.kind = 'program'
    AND job.attempt = %(attempt)s
    AND job.finished_at IS NULL
    AND run.finished_at IS NULL
    AND held.runner = %(runner)s
    AND held.finished_at IS NULL
