-- Read the first run that a trigger has become.
SELECT id
FROM orchestrator.runs
WHERE trigger_id = %(trigger_id)s
ORDER BY id
LIMIT 1
