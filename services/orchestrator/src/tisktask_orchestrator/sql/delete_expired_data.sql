-- Delete what has expired of a run, but for some keys, and tell how much room that has made.
WITH deleted AS (
    DELETE FROM orchestrator.data_keys
    WHERE run_id = %(run_id)s AND expires_ms <= %(now_ms)s AND key <> ALL(%(spared)s::bytea[])
    RETURNING bytes_used
)
SELECT coalesce(sum(bytes_used), 0)::bigint AS bytes_used, count(*)::integer AS keys_used
FROM deleted
