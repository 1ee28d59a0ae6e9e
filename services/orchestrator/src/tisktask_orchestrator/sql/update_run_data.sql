-- Note how much a run keeps.
UPDATE orchestrator.run_data
SET bytes_used = %(bytes_used)s, keys_used = %(keys_used)s
WHERE run_id = %(run_id)s
