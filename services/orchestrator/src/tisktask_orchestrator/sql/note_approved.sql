-- Remember that a run of somebody was approved.
INSERT INTO orchestrator.known_people (repository_id, login, approved_at)
VALUES (%(repository_id)s, lower(%(login)s), now())
ON CONFLICT (repository_id, login) DO UPDATE SET approved_at = coalesce(known_people.approved_at, now())
