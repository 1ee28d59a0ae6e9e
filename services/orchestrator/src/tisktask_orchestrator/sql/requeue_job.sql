-- End an attempt and queue its job for the next one, and write it down. No row: it has gone on meanwhile.
WITH prior AS (
    SELECT id, state
    FROM orchestrator.jobs
    WHERE id = %(job_id)s
    FOR UPDATE
), over AS (
    UPDATE orchestrator.attempts
    SET
        state = %(end_state)s,
        reason = %(end_reason)s,
        exit_code = %(exit_code)s,
        signal = %(signal)s,
        out_of_memory = %(out_of_memory)s,
        finished_at = greatest(least(now(), %(ended_at)s::timestamptz), started_at, claimed_at)
    WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND finished_at IS NULL
    RETURNING job_id, attempt
), moved AS (
    UPDATE orchestrator.jobs AS job
    SET
        state = 'queued', attempt = job.attempt + 1, runner = NULL, reason = %(reason)s,
        queued_at = now(), dispatched_at = NULL, started_at = NULL,
        not_before = now() + make_interval(secs => %(delay_seconds)s),
        retries_used = job.retries_used + %(retries)s
    FROM prior, over
    WHERE job.id = prior.id
        AND over.job_id = job.id
        AND job.attempt = over.attempt
        AND job.state = ANY(%(from)s)
    RETURNING job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at,
        job.title, job.parent_job_id, job.has_status, job.may_fail, job.is_detached, job.result, job.seconds_max, prior.state AS from_state
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, from_state, to_state, reason)
    SELECT run_id, id, attempt, from_state, state, %(end_reason)s
    FROM moved
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM moved
