-- List what ingest is to know of webhook secrets besides the current ones.
SELECT repository_id, secret_number, next_secret
FROM orchestrator.hooks
WHERE repository_id = ANY(%(ids)s)
