-- List attempts whose lease is over.
SELECT job_id, attempt
FROM orchestrator.attempts
WHERE finished_at IS NULL AND lease_until < now()
ORDER BY lease_until
LIMIT 100
