-- Forget what a deleted run has shown, unless an event that comes again could pass for a new one.
DELETE FROM reporter.statuses
WHERE run_id = %(run_id)s
    AND next_try_at IS NULL
    AND wanted_at < now() - %(age_seconds)s * interval '1 second'
RETURNING context
