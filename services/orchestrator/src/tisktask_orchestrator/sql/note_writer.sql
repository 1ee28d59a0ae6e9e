-- Remember that the forge has said that somebody may write.
INSERT INTO orchestrator.known_people (repository_id, login, confirmed_at)
VALUES (%(repository_id)s, lower(%(login)s), now())
ON CONFLICT (repository_id, login) DO UPDATE SET confirmed_at = now()
