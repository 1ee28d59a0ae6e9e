-- Finds the triggers that an id may mean: a run's, a trigger's, or the forge's of a delivery.
SELECT DISTINCT trigger_id, repository
FROM api.runs
WHERE id = %(id)s OR trigger_id = %(id)s OR delivery = %(id)s
ORDER BY trigger_id
LIMIT 2
