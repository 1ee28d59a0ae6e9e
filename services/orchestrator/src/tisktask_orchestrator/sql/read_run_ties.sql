-- Tell what a run that has ended is still needed for. Ask it when the run is locked.
SELECT
    EXISTS (
        SELECT FROM orchestrator.jobs AS job
        LEFT JOIN orchestrator.attempts AS attempt
            ON attempt.job_id = job.id AND attempt.finished_at IS NULL AND attempt.lease_until > now()
        WHERE job.run_id = run.id AND (job.finished_at IS NULL OR attempt.job_id IS NOT NULL)
    ) AS is_at_work,
    EXISTS (
        SELECT FROM orchestrator.outbox AS message
        WHERE message.lane = run.repository_id AND message.created_at <= run.finished_at
    ) AS is_in_outbox,
    (
        SELECT min(other.number)
        FROM orchestrator.jobs AS job
        JOIN orchestrator.jobs AS carried ON carried.carried_from = job.id
        JOIN orchestrator.runs AS other ON other.id = carried.run_id
        WHERE job.run_id = run.id AND other.id <> run.id
    ) AS carried_into
FROM orchestrator.runs AS run
WHERE run.id = %(run_id)s
