-- Read what a repository's owner wants to become of runs by those who may not write.
SELECT forks
FROM orchestrator.repositories
WHERE id = %(repository_id)s
