-- Read what the runs of a trigger are given besides their change.
SELECT inputs, schedule, scheduled_at
FROM orchestrator.triggers
WHERE id = %(trigger_id)s
