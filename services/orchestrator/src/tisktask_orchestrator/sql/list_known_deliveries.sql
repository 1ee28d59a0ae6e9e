-- List those of some deliveries that have come.
SELECT delivery AS id
FROM orchestrator.triggers
WHERE repository_id = %(repository_id)s AND delivery = ANY(%(deliveries)s::text[])
