-- Note that a run needs not be kept apart: its commit is the repository's own.
UPDATE orchestrator.runs
SET is_restricted = false, scope = '', change = jsonb_set(change, '{is_fork}', 'false')
WHERE id = %(run_id)s
RETURNING change
