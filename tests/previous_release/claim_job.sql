-- Give a queued attempt to a runner, under a lease. No row: somebody else has it, it is to stop, or asks for other labels.
WITH moved AS (
    UPDATE orchestrator.jobs AS job
    SET state = 'starting', runner = %(runner)s, dispatched_at = coalesce(job.dispatched_at, now())
    WHERE job.id = %(job_id)s
        AND job.attempt = %(attempt)s
        AND job.state = ANY(%(from)s)
        AND job.stop_state IS NULL
        AND (
            job.labels = '{}'
            OR EXISTS (
                SELECT FROM orchestrator.runners AS offering
                WHERE offering.runner = %(runner)s AND job.labels <@ offering.labels AND offering.alive_until > now()
            )
        )
    RETURNING job.id, job.run_id, job.kind, job.name, job.state, job.reason, job.attempt, job.runner, job.stop_state, job.stop_reason, job.queued_at, job.started_at, job.finished_at,
        job.title, job.parent_job_id, job.has_status, job.may_fail, job.is_detached, job.result, job.seconds_max
), attempt AS (
    INSERT INTO orchestrator.attempts (job_id, attempt, runner, state, lease_until, deadline_at)
    SELECT
        id, attempt, runner, state, now() + make_interval(secs => %(lease_seconds)s),
        now() + make_interval(secs => coalesce(seconds_max, %(seconds_max)s))
    FROM moved
), noted AS (
    INSERT INTO orchestrator.history (run_id, job_id, attempt, from_state, to_state)
    SELECT run_id, id, attempt, 'queued', state
    FROM moved
)
SELECT id, run_id, kind, name, state, reason, attempt, runner, stop_state, stop_reason, queued_at, started_at, finished_at,
    title, parent_job_id, has_status, may_fail, is_detached, result, seconds_max
FROM moved
