-- Forget that somebody could write: the forge says that they may not.
UPDATE orchestrator.known_people
SET pushed_at = NULL, confirmed_at = NULL
WHERE repository_id = %(repository_id)s AND login = lower(%(login)s)
