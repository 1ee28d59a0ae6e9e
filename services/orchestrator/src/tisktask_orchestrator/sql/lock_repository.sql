-- Be the only one that makes runs of a repository in use, until the transaction ends.
SELECT id
FROM orchestrator.repositories
WHERE id = %(id)s AND removed_at IS NULL
FOR NO KEY UPDATE
