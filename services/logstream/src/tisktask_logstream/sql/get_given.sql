-- Reads what a run is given besides its change.
SELECT inputs, schedule, scheduled_at
FROM api.given
WHERE run_id = %(run)s
