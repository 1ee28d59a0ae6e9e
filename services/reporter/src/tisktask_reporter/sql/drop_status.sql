-- Forget an unclaimed place: its repository does not want it.
DELETE FROM reporter.statuses
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s)
    AND (claimed_until IS NULL OR claimed_until <= now())
RETURNING context
