-- Give a queued attempt to a runner, under a lease. No row: somebody else has it, or it is to stop.
WITH moved AS (
    UPDATE orchestrator.jobs AS job
    SET state = 'starting', runner = %(runner)s, dispatched_at = coalesce(job.dispatched_at, now())
    WHERE job.id = %(job_id)s
        AND job.attempt = %(attempt)s
        AND job.state = ANY(%(from)s)
        AND job.stop_state IS NULL
    RETURNING job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at
), attempt AS (
    INSERT INTO orchestrator.attempts (job_id, attempt, runner, state, lease_until, deadline_at)
    SELECT
        id, attempt, runner, state, now() + make_interval(secs => %(lease_seconds)s),
        now() + make_interval(secs => %(seconds_max)s)
    FROM moved
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, from_state, to_state)
    SELECT run_id, id, attempt, 'queued', state
    FROM moved
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at
FROM moved
