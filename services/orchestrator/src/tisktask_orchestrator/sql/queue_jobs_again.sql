-- Add queued jobs to a run that are discovered jobs of an older one, and write their first state down.
WITH job AS (
    INSERT INTO orchestrator.jobs (
        id, run_id, repository_id, kind, name, path, build_file, image_key, labels, seconds_max, pool, state,
        retries, retry_on_lost, retry_codes
    )
    SELECT
        given.id, %(run_id)s, old.repository_id, old.kind, old.name, old.path, old.build_file, old.image_key,
        old.labels, old.seconds_max, old.pool, 'queued',
        old.retries, old.retry_on_lost, old.retry_codes
    FROM unnest(%(ids)s::text[], %(old_ids)s::text[]) AS given (id, old_id)
    JOIN orchestrator.jobs AS old ON old.id = given.old_id
    ORDER BY given.id
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
