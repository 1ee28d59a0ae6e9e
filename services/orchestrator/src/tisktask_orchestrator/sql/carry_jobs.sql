-- Add jobs to a run that have ended in an older one, with that end, and write their state down.
WITH job AS (
    INSERT INTO orchestrator.jobs (
        id, run_id, repository_id, kind, name, path, build_file, image_key, labels, seconds_max, pool,
        state, result, reason, exit_code, signal, out_of_memory, attempt, title, status_text, summary,
        has_status, may_fail, carried_from, queued_at, dispatched_at, started_at, finished_at,
        retries, retry_on_lost, retry_codes
    )
    SELECT
        given.id, %(run_id)s, old.repository_id, old.kind, old.name, old.path, old.build_file, old.image_key,
        old.labels, old.seconds_max, old.pool,
        given.state, given.state, given.reason,
        -- Where its children have decided, it is not the exit code that did.
        CASE WHEN given.state = old.state THEN old.exit_code END,
        CASE WHEN given.state = old.state THEN old.signal END,
        old.out_of_memory, old.attempt, old.title, old.status_text, old.summary,
        old.has_status, old.may_fail, given.origin_id, old.queued_at, old.dispatched_at, old.started_at, old.finished_at,
        old.retries, old.retry_on_lost, old.retry_codes
    FROM unnest(%(ids)s::text[], %(old_ids)s::text[], %(origin_ids)s::text[], %(states)s::text[], %(reasons)s::text[])
        AS given (id, old_id, origin_id, state, reason)
    JOIN orchestrator.jobs AS old ON old.id = given.old_id
    ORDER BY given.id
    RETURNING id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, to_state, reason)
    SELECT run_id, id, attempt, state, reason
    FROM job
    ORDER BY id
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM job
ORDER BY id
