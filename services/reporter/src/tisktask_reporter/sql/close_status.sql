-- Post a status no more: there is no forge, no token or no repository to post it with.
UPDATE reporter.statuses
SET next_try_at = NULL, outcome = 'closed', error = %(error)s
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s)
    AND next_try_at <= now()
    AND (claimed_until IS NULL OR claimed_until <= now())
RETURNING claim
