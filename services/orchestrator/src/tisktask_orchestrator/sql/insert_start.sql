-- Want a run; no row: the same request has wanted it before.
INSERT INTO orchestrator.starts (
    id, repository_id, delivery, schedule_id, event, action, ref, sha, actor, inputs, schedule, scheduled_at, trigger
)
VALUES (
    %(id)s, %(repository_id)s, %(delivery)s, %(schedule_id)s, %(event)s, %(action)s, %(ref)s, %(sha)s, %(actor)s,
    %(inputs)s, %(schedule)s, %(scheduled_at)s, %(trigger)s
)
ON CONFLICT (repository_id, delivery) DO NOTHING
RETURNING id
