-- Lists jobs whose logs are deleted, while their files may still be there.
SELECT DISTINCT run, job
FROM logstream.logs
WHERE deleted_at IS NOT NULL AND has_files
LIMIT %(count)s
