-- Keep the number of the last event about a run.
UPDATE orchestrator.runs
SET revision = %(revision)s
WHERE id = %(run_id)s
