-- List the hosts that have the labels which queued jobs of a run ask for.
SELECT DISTINCT runner.runner
FROM orchestrator.jobs AS job
JOIN orchestrator.runners AS runner ON runner.pool = job.pool AND job.labels <@ runner.labels
WHERE job.run_id = %(run_id)s
    AND job.finished_at IS NULL
    AND job.labels <> '{}'
    AND job.state = 'queued'
    AND job.dispatched_at IS NULL
    AND runner.alive_until > now()
    AND NOT runner.is_draining
