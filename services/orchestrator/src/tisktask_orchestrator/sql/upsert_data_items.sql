-- Store items of lists of a run.
INSERT INTO orchestrator.data_items (run_id, key, position, value)
SELECT %(run_id)s, new.key, new.position, new.value
FROM unnest(%(keys)s::bytea[], %(positions)s::bigint[], %(values)s::bytea[]) AS new (key, position, value)
ON CONFLICT (run_id, key, position) DO UPDATE
SET value = excluded.value
