-- Read who holds a lock of a repository.
SELECT lock.job_id, job.name AS job_name, run.number AS run_number, lock.taken_at AS since
FROM orchestrator.locks AS lock
JOIN orchestrator.jobs AS job ON job.id = lock.job_id
JOIN orchestrator.runs AS run ON run.id = job.run_id
WHERE lock.repository_id = %(repository_id)s AND lock.name = %(name)s
