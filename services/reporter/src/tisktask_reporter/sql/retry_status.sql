-- Give a claimed status back, to be tried again after a pause.
UPDATE reporter.statuses
SET tries = tries + 1,
    faults = faults + %(faults)s,
    failing_since = coalesce(failing_since, now()),
    error = %(error)s,
    claimed_until = NULL,
    next_try_at = now() + %(after_seconds)s * interval '1 second'
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
