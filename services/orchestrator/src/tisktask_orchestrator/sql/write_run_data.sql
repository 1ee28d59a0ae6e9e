-- Store keys of a run, how much it keeps, and what the request that has changed them was answered.
WITH noted AS (
    UPDATE orchestrator.run_data
    SET bytes_used = %(bytes_used)s, keys_used = %(keys_used)s
    WHERE run_id = %(run_id)s AND (bytes_used, keys_used) <> (%(bytes_used)s, %(keys_used)s)
), answered AS (
    INSERT INTO orchestrator.data_replies (job_id, request_id, replies)
    VALUES (%(job_id)s, %(request_id)s, %(replies)s)
)
INSERT INTO orchestrator.data_keys (
    run_id, key, kind, value, expires_ms, bytes_used, first_position, end_position, fields_used
)
SELECT
    %(run_id)s, new.key, new.kind, new.value, new.expires_ms, new.bytes_used, new.first_position, new.end_position,
    new.fields_used
FROM unnest(
    %(keys)s::bytea[], %(kinds)s::text[], %(values)s::bytea[], %(expires_ms)s::bigint[], %(key_bytes)s::bigint[],
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
