-- Forget the data of a run; keys, items and fields go with it.
DELETE FROM orchestrator.run_data
WHERE run_id = %(run_id)s
