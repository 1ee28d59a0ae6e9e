-- Lists jobs of some runs: of each the first so many, those that no other job has started before the others.
SELECT id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
    created_at, queued_at, started_at, finished_at, title, status_text, result, labels, has_status, may_fail,
    is_detached, arguments, shell, NULL AS summary, carried_from, carried_from_run
FROM unnest(%(runs)s::text[]) AS wanted (run)
CROSS JOIN LATERAL (
    SELECT id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
        created_at, queued_at, started_at, finished_at, title, status_text, result, labels, has_status, may_fail,
        is_detached, arguments, shell
    FROM api.jobs
    WHERE jobs.run_id = wanted.run
    ORDER BY jobs.parent_job_id IS NOT NULL, jobs.id
    LIMIT %(each)s
) AS found
LEFT JOIN api.carried_jobs ON carried_jobs.job_id = found.id
ORDER BY parent_job_id IS NOT NULL, id
