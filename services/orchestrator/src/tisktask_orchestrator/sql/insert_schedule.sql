-- Add a schedule to a repository in use; no row: there is one of this name.
INSERT INTO orchestrator.schedules (
    id, repository_id, name, cron, time_zone, ref, inputs, overlap, is_paused, next_at
)
VALUES (
    %(id)s, %(repository_id)s, %(name)s, %(cron)s, %(time_zone)s, %(ref)s, %(inputs)s, %(overlap)s, %(is_paused)s,
    %(next_at)s
)
ON CONFLICT (repository_id, name) DO NOTHING
RETURNING
    id, repository_id, name, cron, time_zone, ref, inputs, overlap, is_paused, next_at, last_due_at
