-- Reads jobs by their ids, with what they say of themselves.
SELECT id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
    created_at, queued_at, started_at, finished_at, title, status_text, result, labels, has_status, may_fail,
    is_detached, arguments, shell, summary, carried_from, carried_from_run
FROM api.jobs
LEFT JOIN api.carried_jobs ON carried_jobs.job_id = jobs.id
WHERE id = ANY(%(ids)s)
ORDER BY id
