-- List all fields of a hash in the order in which they came.
SELECT field, value
FROM orchestrator.data_fields
WHERE run_id = %(run_id)s AND key = %(key)s
ORDER BY place
