-- Begin the data of a job's run.
INSERT INTO orchestrator.run_data (run_id)
SELECT job.run_id
FROM orchestrator.jobs AS job
WHERE job.id = %(job_id)s
ON CONFLICT DO NOTHING
