-- Count the schedules of a repository.
SELECT count(*) AS count
FROM orchestrator.schedules
WHERE repository_id = %(repository_id)s
