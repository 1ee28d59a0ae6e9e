-- List schedules that are due, those that have waited longest first.
SELECT
    schedule.id, schedule.repository_id, schedule.name, schedule.cron, schedule.time_zone, schedule.ref,
    schedule.inputs, schedule.overlap, schedule.is_paused, schedule.next_at, schedule.last_due_at
FROM orchestrator.schedules AS schedule
WHERE schedule.next_at <= %(now)s
ORDER BY schedule.next_at
LIMIT %(count)s
