-- Store fields of hashes of a run; new ones take their places in this order.
INSERT INTO orchestrator.data_fields (run_id, key, field, value)
SELECT %(run_id)s, new.key, new.field, new.value
FROM unnest(%(keys)s::bytea[], %(fields)s::bytea[], %(values)s::bytea[])
    WITH ORDINALITY AS new (key, field, value, ordinal)
ORDER BY new.ordinal
ON CONFLICT (run_id, key, field) DO UPDATE
SET value = excluded.value
