-- Let the time of a run count from now: it has waited for a person.
UPDATE orchestrator.runs
SET released_at = now()
WHERE id = %(run_id)s
RETURNING released_at
