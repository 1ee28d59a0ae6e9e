-- List a part of a run's keys in the order in which they were made, without those that have expired.
SELECT key, place, kind
FROM orchestrator.data_keys
WHERE run_id = %(run_id)s AND place > %(after)s AND (expires_ms IS NULL OR expires_ms > %(now_ms)s)
ORDER BY place
LIMIT %(count)s
