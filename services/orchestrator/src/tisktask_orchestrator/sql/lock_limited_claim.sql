-- Be the only one who gives out jobs, if this job was not counted when it was dispatched and its repository has a limit.
SELECT pg_advisory_xact_lock(7400010)
FROM orchestrator.jobs AS job
JOIN orchestrator.repositories AS repository ON repository.id = job.repository_id
WHERE job.id = %(job_id)s AND job.state = 'queued' AND job.labels <> '{}' AND repository.jobs_max IS NOT NULL
