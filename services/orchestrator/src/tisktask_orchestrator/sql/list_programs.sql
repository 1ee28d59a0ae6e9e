-- List a run's programs, page by page: all of them, or those that are asked for.
SELECT
    id AS job_id, name, path, state, exit_code, reason, attempt, runner, parent_job_id,
    created_at, started_at, finished_at
FROM orchestrator.jobs
WHERE run_id = %(run_id)s
    AND kind = 'program'
    AND (%(targets)s::text[] IS NULL OR id = ANY(%(targets)s))
    AND id > %(after)s
ORDER BY id
LIMIT %(count)s
