-- Lock the data of a job's run: who holds it executes commands. No row: there is none yet.
SELECT run_id, bytes_used, keys_used
FROM orchestrator.run_data
WHERE run_id = (SELECT job.run_id FROM orchestrator.jobs AS job WHERE job.id = %(job_id)s)
FOR UPDATE
