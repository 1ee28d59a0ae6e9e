-- Delete fields of a hash.
DELETE FROM orchestrator.data_fields
WHERE run_id = %(run_id)s AND key = %(key)s AND field = ANY(%(fields)s::bytea[])
