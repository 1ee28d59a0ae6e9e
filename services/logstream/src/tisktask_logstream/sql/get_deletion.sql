-- Tells when the logs of a job were deleted.
SELECT max(deleted_at) AS deleted_at FROM logstream.logs WHERE job = %(job)s
