-- Try a claimed status no more; what has been wanted since is due at once, unless only its description is new.
UPDATE reporter.statuses
SET error = %(error)s,
    tries = 0,
    faults = 0,
    failing_since = CASE WHEN %(is_fault)s THEN now() END,
    claimed_until = NULL,
    outcome = CASE WHEN (state, target_url) = (%(state)s, %(target_url)s)
        THEN 'given_up' ELSE 'waiting' END,
    next_try_at = CASE WHEN (state, target_url) = (%(state)s, %(target_url)s)
        THEN NULL ELSE now() END
WHERE (repository_id, sha, context) = (%(repository_id)s, %(sha)s, %(context)s) AND claim = %(claim)s
RETURNING claim
