-- List the repositories with wanted runs that wait.
SELECT DISTINCT repository_id AS id
FROM orchestrator.starts
WHERE state = 'waiting'
ORDER BY 1
LIMIT 1000
