-- List attempts that have had their time and have no order to stop yet.
SELECT attempt.job_id, attempt.attempt
FROM orchestrator.attempts AS attempt
JOIN orchestrator.jobs AS job ON job.id = attempt.job_id
WHERE attempt.finished_at IS NULL AND attempt.deadline_at < now() AND job.stop_state IS NULL
ORDER BY attempt.deadline_at
LIMIT 100
