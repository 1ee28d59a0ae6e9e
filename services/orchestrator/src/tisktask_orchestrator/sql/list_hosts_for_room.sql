-- List the hosts that have the labels which queued jobs of a repository with a limit ask for: a place may be free for one of them.
SELECT DISTINCT runner.runner
FROM orchestrator.repositories AS repository
JOIN orchestrator.jobs AS job ON job.repository_id = repository.id
JOIN orchestrator.runners AS runner ON runner.pool = job.pool AND job.labels <@ runner.labels
WHERE repository.id = %(repository_id)s
    AND repository.jobs_max IS NOT NULL
    AND job.finished_at IS NULL
    AND job.labels <> '{}'
    AND job.state = 'queued'
    AND runner.alive_until > now()
    AND NOT runner.is_draining
