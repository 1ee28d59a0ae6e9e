-- Extend the leases of a runner's attempts and tell which of them are to stop; those left out are not its own.
WITH held AS (
    SELECT attempt.job_id, attempt.attempt
    FROM orchestrator.attempts AS attempt
    JOIN unnest(%(jobs)s::text[], %(attempts)s::integer[]) AS listed (job_id, attempt)
        ON listed.job_id = attempt.job_id AND listed.attempt = attempt.attempt
    WHERE attempt.runner = %(runner)s AND attempt.finished_at IS NULL
    ORDER BY attempt.job_id
    FOR UPDATE OF attempt
), extended AS (
    UPDATE orchestrator.attempts AS attempt
    SET lease_until = now() + make_interval(secs => %(lease_seconds)s)
    FROM held
    WHERE attempt.job_id = held.job_id AND attempt.attempt = held.attempt
    RETURNING attempt.job_id, attempt.attempt
)
SELECT extended.job_id, extended.attempt, job.stop_state, job.stop_reason
FROM extended
JOIN orchestrator.jobs AS job ON job.id = extended.job_id
