-- Count the wanted runs of a repository that wait.
SELECT count(*) AS count
FROM orchestrator.starts
WHERE repository_id = %(repository_id)s AND state = 'waiting'
