-- Store keys of a run.
INSERT INTO orchestrator.data_keys (
    run_id, key, kind, value, expires_ms, bytes_used, first_position, end_position, fields_used
)
SELECT
    %(run_id)s, new.key, new.kind, new.value, new.expires_ms, new.bytes_used, new.first_position, new.end_position,
    new.fields_used
FROM unnest(
    %(keys)s::bytea[], %(kinds)s::text[], %(values)s::bytea[], %(expires_ms)s::bigint[], %(bytes_used)s::bigint[],
    %(first_positions)s::bigint[], %(end_positions)s::bigint[], %(fields_used)s::integer[]
) AS new (key, kind, value, expires_ms, bytes_used, first_position, end_position, fields_used)
ON CONFLICT (run_id, key) DO UPDATE
SET
    value = excluded.value,
    expires_ms = excluded.expires_ms,
    bytes_used = excluded.bytes_used,
    first_position = excluded.first_position,
    end_position = excluded.end_position,
    fields_used = excluded.fields_used
