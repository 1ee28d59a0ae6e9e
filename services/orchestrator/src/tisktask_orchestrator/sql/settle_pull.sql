-- Take what a pull request stands at as known: a run was made for it.
UPDATE orchestrator.repository_pulls
SET settled_sha = sha
WHERE repository_id = %(repository_id)s AND number = %(number)s
