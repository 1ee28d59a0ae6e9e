-- Notes that the files of a job's deleted logs are gone.
UPDATE logstream.logs
SET has_files = false
WHERE job = %(job)s AND deleted_at IS NOT NULL
