-- List these fields of a hash of a job's run, as far as they are stored.
SELECT field, value
FROM orchestrator.data_fields
WHERE run_id = (SELECT job.run_id FROM orchestrator.jobs AS job WHERE job.id = %(job_id)s)
    AND key = %(key)s
    AND field = ANY(%(fields)s::bytea[])
