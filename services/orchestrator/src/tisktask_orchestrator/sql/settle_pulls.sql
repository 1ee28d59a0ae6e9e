-- Take what the pull requests of a repository stand at as known.
UPDATE orchestrator.repository_pulls
SET settled_sha = sha
WHERE repository_id = %(repository_id)s AND settled_sha IS DISTINCT FROM sha
