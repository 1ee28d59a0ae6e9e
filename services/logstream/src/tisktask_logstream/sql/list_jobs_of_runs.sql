-- Lists the jobs of some runs in the order in which they were made.
SELECT id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
    created_at, queued_at, started_at, finished_at
FROM api.jobs
WHERE run_id = ANY(%(runs)s)
ORDER BY id
