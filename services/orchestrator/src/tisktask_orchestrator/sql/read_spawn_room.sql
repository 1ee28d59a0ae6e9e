-- Count the jobs that a run's jobs have started, and list the names that begin like the one asked for.
SELECT
    count(*) FILTER (WHERE parent_job_id IS NOT NULL)::integer AS spawned,
    coalesce(array_agg(name) FILTER (WHERE name = %(name)s OR starts_with(name, %(name)s || '#')), '{}') AS names
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND kind = 'program'
