-- Lists what the forge does not show of a run, and why: in the reporter's view, where it has made it already.
SELECT context, state, outcome, error
FROM api.status_problems
WHERE run_id = %(run)s
ORDER BY context
LIMIT %(limit)s
