-- List the heads of pull requests that somebody waits for in a repository.
SELECT DISTINCT ref AS id
FROM orchestrator.starts
WHERE repository_id = %(repository_id)s AND state = 'waiting' AND ref LIKE 'refs/pull/%%'
ORDER BY ref
LIMIT 500
