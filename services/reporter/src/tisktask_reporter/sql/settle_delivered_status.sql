-- Record what the forge has confirmed; what has been wanted since is due at once.
-- If only the description of a pending status is new, it is due after a pause.
UPDATE reporter.statuses
SET sent_state = %(state)s,
    sent_description = %(description)s,
    sent_target_url = %(target_url)s,
    sent_at = now(),
    told_as = coalesce(told_as, 'status'),
    error = '',
    tries = 0,
    faults = 0,
    failing_since = NULL,
    has_second_chance = false,
    claimed_until = NULL,
    outcome = CASE WHEN (state, description, target_url) = (%(state)s, %(description)s, %(target_url)s)
        THEN 'delivered' ELSE 'waiting' END,
    next_try_at = CASE
        WHEN (state, description, target_url) = (%(state)s, %(description)s, %(target_url)s) THEN NULL
        WHEN (state, target_url) = ('pending', %(target_url)s) AND %(state)s = 'pending'
            THEN now() + %(description_seconds_min)s * interval '1 second'
        ELSE now() END
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
