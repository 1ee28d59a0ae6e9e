-- Find the repository of a job, if its commits are fetched with the tokens of an App.
SELECT run.repository_id
FROM orchestrator.jobs AS job
JOIN orchestrator.runs AS run ON run.id = job.run_id
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
WHERE job.id = %(job_id)s AND repository.app_id IS NOT NULL
