-- Order a run to stop. No row: it has ended, or the order was given before.
UPDATE orchestrator.runs
SET stop_state = %(stop_state)s, stop_reason = %(reason)s, stop_requested_at = now()
WHERE id = %(run_id)s AND finished_at IS NULL AND stop_state IS NULL
RETURNING id
