-- Add a job that another job has started, queued, and write its first state down.
WITH job AS (
    INSERT INTO orchestrator.jobs (
        id, run_id, repository_id, kind, name, path, build_file, image_key, image, shell, arguments, environment,
        labels, seconds_max, parent_job_id, depth, spawn_key, spawn_request_id,
        has_status, may_fail, is_detached, pool, state,
        retries, retry_on_lost, retry_codes
    )
    SELECT
        %(id)s, parent.run_id, parent.repository_id, 'program', %(name)s, %(path)s, %(build_file)s, %(image_key)s,
        %(image)s, %(shell)s, %(arguments)s, %(environment)s,
        %(labels)s, %(seconds_max)s, parent.id, parent.depth + 1, %(key)s, %(request_id)s,
        %(has_status)s,
        -- What is part of a job that may fail may fail with it.
        %(may_fail)s OR (parent.may_fail AND NOT %(is_detached)s),
        %(is_detached)s, parent.pool, 'queued',
        %(retries)s, %(retry_on_lost)s, %(retry_codes)s
    FROM orchestrator.jobs AS parent
    WHERE parent.id = %(parent)s
    RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
        title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, to_state)
    SELECT run_id, id, attempt, state
    FROM job
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM job
