-- Remember that somebody has pushed: when the delivery came, which may be handled much later.
INSERT INTO orchestrator.known_people (repository_id, login, pushed_at)
VALUES (%(repository_id)s, lower(%(login)s), least(now(), %(pushed_at)s::timestamptz))
ON CONFLICT (repository_id, login) DO UPDATE SET pushed_at = greatest(known_people.pushed_at, excluded.pushed_at)
