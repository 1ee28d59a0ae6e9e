-- Delete keys of a run; their items and fields go with them.
DELETE FROM orchestrator.data_keys
WHERE run_id = %(run_id)s AND key = ANY(%(keys)s::bytea[])
