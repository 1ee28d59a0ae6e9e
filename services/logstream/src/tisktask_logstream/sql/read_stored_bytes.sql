-- Adds up what all logs take on the disk, with the indexes of their lines.
SELECT coalesce(sum(bytes + %(record_bytes)s * lines), 0)::bigint AS bytes
FROM logstream.logs
WHERE has_files
