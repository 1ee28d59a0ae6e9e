-- Remove all schedules of a repository.
DELETE FROM orchestrator.schedules
WHERE repository_id = %(repository_id)s
