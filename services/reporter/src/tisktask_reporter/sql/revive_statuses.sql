-- Try again what was given up for a repository of late: its credential or address has changed.
UPDATE reporter.statuses
SET next_try_at = now(), outcome = 'waiting', tries = 0, faults = 0, failing_since = NULL,
    has_second_chance = false
WHERE repository_id = %(repository_id)s
    AND outcome IN ('given_up', 'closed')
    AND wanted_at > now() - %(within_seconds)s * interval '1 second'
RETURNING context
