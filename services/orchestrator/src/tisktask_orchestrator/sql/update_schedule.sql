-- Change a schedule, and when it is due next.
UPDATE orchestrator.schedules
SET cron = %(cron)s, time_zone = %(time_zone)s, ref = %(ref)s, inputs = %(inputs)s, overlap = %(overlap)s,
    is_paused = %(is_paused)s, next_at = %(next_at)s, changed_at = now()
WHERE id = %(id)s
