-- Count the remarks of a run and those of a job; tell whether this one was made before.
SELECT
    count(*)::integer AS of_run,
    count(*) FILTER (WHERE job_id = %(job_id)s)::integer AS of_job,
    coalesce(bool_or(job_id = %(job_id)s AND request_id = %(request_id)s), false) AS is_there
FROM orchestrator.annotations
WHERE run_id = %(run_id)s
