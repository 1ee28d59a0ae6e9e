-- Remove a schedule.
DELETE FROM orchestrator.schedules
WHERE repository_id = %(repository_id)s AND name = %(name)s
