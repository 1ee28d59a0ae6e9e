-- Notes that a job's logs are deleted; from here on nobody is given them.
UPDATE logstream.logs
SET deleted_at = now()
WHERE job = %(job)s AND deleted_at IS NULL
