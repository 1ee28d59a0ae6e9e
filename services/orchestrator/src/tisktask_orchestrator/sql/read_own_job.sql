-- Find a job of a run of a commit, if it is one.
SELECT job.id
FROM orchestrator.jobs AS job
JOIN orchestrator.runs AS run ON run.id = job.run_id
WHERE job.id = %(job_id)s AND run.repository_id = %(repository_id)s AND run.sha = %(sha)s
