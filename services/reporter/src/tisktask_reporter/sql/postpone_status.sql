-- Look at an unclaimed status later: its account pauses, or its credential can not be had now.
UPDATE reporter.statuses
SET next_try_at = now() + %(after_seconds)s * interval '1 second', error = %(error)s
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s)
    AND next_try_at <= now()
    AND (claimed_until IS NULL OR claimed_until <= now())
RETURNING claim
