-- Forget replicas that have been silent for a day.
DELETE FROM orchestrator.runners
WHERE last_seen_at < now() - interval '1 day'
