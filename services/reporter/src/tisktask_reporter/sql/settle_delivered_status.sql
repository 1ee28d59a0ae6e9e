-- Record what the forge has confirmed; what has been wanted since is due at once.
UPDATE reporter.statuses
SET sent_state = %(state)s,
    sent_description = %(description)s,
    sent_target_url = %(target_url)s,
    sent_at = now(),
    error = '',
    tries = 0,
    faults = 0,
    claimed_until = NULL,
    outcome = CASE WHEN (state, description, target_url) = (%(state)s, %(description)s, %(target_url)s)
        THEN 'delivered' ELSE 'waiting' END,
    next_try_at = CASE WHEN (state, description, target_url) = (%(state)s, %(description)s, %(target_url)s)
        THEN NULL ELSE now() END
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
