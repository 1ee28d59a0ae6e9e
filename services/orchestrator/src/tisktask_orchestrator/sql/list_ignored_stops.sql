-- List attempts whose order to stop has not been carried out in good time.
SELECT attempt.job_id, attempt.attempt
FROM orchestrator.attempts AS attempt
JOIN orchestrator.jobs AS job ON job.id = attempt.job_id
WHERE attempt.finished_at IS NULL
    AND job.stop_requested_at < now() - make_interval(secs => %(patience_seconds)s)
ORDER BY job.stop_requested_at
LIMIT 100
