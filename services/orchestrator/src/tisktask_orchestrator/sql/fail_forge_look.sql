-- Note why a forge did not tell, and ask again after a pause that grows.
UPDATE orchestrator.forge_looks
SET
    error = %(error)s,
    failed_at = now(),
    tries = tries + 1,
    next_at = now() + make_interval(secs => greatest(
        %(wait_seconds)s, least(%(pause_seconds_max)s, %(pause_seconds)s * 2 ^ least(tries, 20))
    ))
WHERE repository_id = %(repository_id)s AND number = %(number)s
