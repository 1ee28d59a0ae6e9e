-- Read what refs of a repository stand at, of those that there are.
SELECT ref, sha
FROM orchestrator.repository_heads
WHERE repository_id = %(repository_id)s AND ref = ANY(%(refs)s)
