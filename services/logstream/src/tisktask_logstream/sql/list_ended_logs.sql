-- Lists what was recorded of logs that had come to their end, of some jobs.
SELECT run, job, attempt, container, bytes
FROM logstream.logs
WHERE is_complete AND deleted_at IS NULL AND job = ANY(%(jobs)s)
