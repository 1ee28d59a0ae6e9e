-- Remember that somebody has pushed.
INSERT INTO orchestrator.known_people (repository_id, login, pushed_at)
VALUES (%(repository_id)s, lower(%(login)s), now())
ON CONFLICT (repository_id, login) DO UPDATE SET pushed_at = now()
