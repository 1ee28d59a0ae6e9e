-- Lists the schedules of a repository, or of all; each with what became of the newest start.
SELECT
    schedule.id, schedule.repository_id, schedule.name, schedule.cron, schedule.time_zone, schedule.ref,
    schedule.inputs, schedule.overlap, schedule.is_paused, schedule.next_at, schedule.last_due_at, schedule.skipped,
    schedule.created_at,
    start.id AS last_start_id, start.state AS last_start_state, start.reason AS last_start_reason,
    start.run_id AS last_run_id, start.run_number AS last_run_number, start.run_state AS last_run_state
FROM api.schedules AS schedule
LEFT JOIN api.starts AS start ON start.id = schedule.last_start_id
WHERE %(repository)s::text IS NULL OR schedule.repository_id = %(repository)s
ORDER BY schedule.repository_id, schedule.name
