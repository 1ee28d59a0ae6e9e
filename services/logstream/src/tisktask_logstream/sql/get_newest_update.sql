-- Finds when a log was recorded last.
SELECT max(updated_at) AS updated_at FROM logstream.logs
