-- Note from when on deliveries may not have come, or why that is not known and when it is asked again.
UPDATE orchestrator.forge_looks
SET
    deliveries_from = %(since)s,
    deliveries_error = %(error)s,
    deliveries_next_at = now() + make_interval(secs => %(wait_seconds)s)
WHERE repository_id = %(repository_id)s AND number = %(number)s
