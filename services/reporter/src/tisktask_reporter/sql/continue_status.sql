-- Give a claimed place back that has been told in part: the rest is due at once.
UPDATE reporter.statuses
SET claimed_until = NULL, next_try_at = now(), tries = 0, faults = 0, failing_since = NULL, error = ''
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
