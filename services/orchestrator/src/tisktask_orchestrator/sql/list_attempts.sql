-- List the attempts of some jobs, each job's in their order.
SELECT job_id, attempt, state, exit_code
FROM orchestrator.attempts
WHERE job_id = ANY(%(job_ids)s)
ORDER BY job_id, attempt
