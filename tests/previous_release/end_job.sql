-- End a job in its newest attempt, and write it down. No row: it has ended, or that attempt is not the newest.
WITH prior AS (
    SELECT id, state
    FROM orchestrator.jobs
    WHERE id = %(job_id)s
    FOR UPDATE
), moved AS (
    UPDATE orchestrator.jobs AS job
    SET
        state = %(to)s,
        reason = %(reason)s,
        exit_code = %(exit_code)s,
        signal = %(signal)s,
        out_of_memory = %(out_of_memory)s,
        finished_at = greatest(least(now(), %(ended_at)s::timestamptz), coalesce(job.started_at, job.queued_at)),
        -- With jobs of its own it is concluded by `set_result`.
        result = CASE WHEN NOT EXISTS (
            SELECT FROM orchestrator.jobs AS child WHERE child.parent_job_id = job.id AND NOT child.is_detached
        ) THEN %(to)s END
    FROM prior
    WHERE job.id = prior.id AND job.attempt = %(attempt)s AND job.state = ANY(%(from)s)
    RETURNING job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at,
        job.title, job.parent_job_id, job.has_status, job.may_fail, job.is_detached, job.result, job.seconds_max, prior.state AS from_state
), attempt AS (
    UPDATE orchestrator.attempts AS held
    SET
        state = CASE WHEN %(is_lost)s THEN 'errored' ELSE moved.state END,
        reason = CASE WHEN %(is_lost)s THEN %(lost_reason)s ELSE moved.reason END,
        exit_code = %(exit_code)s,
        signal = %(signal)s,
        out_of_memory = %(out_of_memory)s,
        finished_at = moved.finished_at
    FROM moved
    WHERE held.job_id = moved.id AND held.attempt = moved.attempt
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, from_state, to_state, reason)
    SELECT run_id, id, attempt, from_state, state, reason
    FROM moved
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM moved
