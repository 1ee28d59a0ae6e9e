-- List these keys of a job's run, as far as they are stored.
SELECT key, kind, value, expires_ms, bytes_used, first_position, end_position, fields_used
FROM orchestrator.data_keys
WHERE run_id = (SELECT job.run_id FROM orchestrator.jobs AS job WHERE job.id = %(job_id)s)
    AND key = ANY(%(keys)s::bytea[])
