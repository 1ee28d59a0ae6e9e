-- Lock a schedule.
SELECT id, repository_id, name, cron, time_zone, ref, inputs, overlap, is_paused, next_at, last_due_at
FROM orchestrator.schedules
WHERE repository_id = %(repository_id)s AND name = %(name)s
FOR UPDATE
