-- Note that the program of an attempt was started. No row: it is not this runner's, or not starting.
WITH moved AS (
    UPDATE orchestrator.jobs AS job
    SET state = 'running', started_at = least(now(), greatest(%(started_at)s::timestamptz, held.claimed_at))
    FROM orchestrator.attempts AS held
    WHERE job.id = %(job_id)s
        AND job.attempt = %(attempt)s
        AND job.runner = %(runner)s
        AND job.state = ANY(%(from)s)
        AND held.job_id = job.id
        AND held.attempt = job.attempt
    RETURNING job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at,
        job.title, job.parent_job_id, job.has_status, job.may_fail, job.is_detached, job.result, job.seconds_max
), attempt AS (
    UPDATE orchestrator.attempts AS held
    SET state = 'running', started_at = moved.started_at
    FROM moved
    WHERE held.job_id = moved.id AND held.attempt = moved.attempt
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, from_state, to_state)
    SELECT run_id, id, attempt, 'starting', state
    FROM moved
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM moved
