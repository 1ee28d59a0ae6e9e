-- Add queued jobs to a run and write their first state down; those it has already are left alone.
WITH job AS (
    INSERT INTO orchestrator.jobs (id, run_id, repository_id, kind, name, path, build_file, image_key, pool, state)
    SELECT
        given.id, %(run_id)s, %(repository_id)s, %(kind)s, given.name, given.path, given.build_file, given.image_key,
        %(pool)s, 'queued'
    FROM unnest(%(ids)s::text[], %(names)s::text[], %(paths)s::text[], %(build_files)s::text[], %(image_keys)s::text[])
        AS given (id, name, path, build_file, image_key)
    ORDER BY given.id
    ON CONFLICT (run_id, kind, name) DO NOTHING
    RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, to_state)
    SELECT run_id, id, attempt, state
    FROM job
    ORDER BY id
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM job
ORDER BY id
