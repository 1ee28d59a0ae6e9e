-- Lists the attempts of a job.
SELECT attempt, runner, state, reason, exit_code, signal, out_of_memory, claimed_at, started_at, finished_at
FROM api.attempts
WHERE job_id = %(job)s
ORDER BY attempt
