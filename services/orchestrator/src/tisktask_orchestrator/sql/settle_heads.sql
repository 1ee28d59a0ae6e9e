-- Take what the refs of a repository stand at as known.
UPDATE orchestrator.repository_heads
SET settled_sha = sha
WHERE repository_id = %(repository_id)s AND settled_sha IS DISTINCT FROM sha
