-- Note why a look did not go well; it stays wanted.
UPDATE orchestrator.looks
SET
    error = %(error)s,
    failed_at = now(),
    not_before = now()
        + make_interval(secs => least(%(pause_seconds_max)s, %(pause_seconds)s * 2 ^ least(greatest(tries - 1, 0), 20))),
    runner = NULL,
    leased_until = NULL
WHERE repository_id = %(repository_id)s
