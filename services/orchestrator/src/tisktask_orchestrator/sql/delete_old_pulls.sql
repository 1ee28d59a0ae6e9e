-- Forget pull requests that have not been open for a month.
DELETE FROM orchestrator.repository_pulls
WHERE repository_id = %(repository_id)s AND last_seen_at < now() - interval '30 days'
