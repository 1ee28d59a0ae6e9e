-- Note when the first program of a run began. No row: another was first.
UPDATE orchestrator.runs
SET started_at = now()
WHERE id = %(run_id)s AND started_at IS NULL
RETURNING started_at
