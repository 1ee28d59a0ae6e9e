-- Begin to decide about runs that were inspected, some of them; after the lease somebody else may.
WITH due AS (
    SELECT vetting.run_id
    FROM orchestrator.vettings AS vetting
    JOIN orchestrator.runs AS run ON run.id = vetting.run_id
    WHERE vetting.state = 'inspected'
        AND vetting.inspected_at IS NOT NULL
        AND vetting.next_at <= now()
        AND run.finished_at IS NULL
    ORDER BY vetting.next_at
    LIMIT %(count)s
    FOR UPDATE OF vetting SKIP LOCKED
)
UPDATE orchestrator.vettings AS vetting
SET number = vetting.number + 1, next_at = now() + make_interval(secs => %(lease_seconds)s)
FROM due, orchestrator.runs AS run
WHERE vetting.run_id = due.run_id AND run.id = due.run_id
RETURNING
    vetting.run_id, vetting.number, run.repository_id, run.change,
    extract(epoch FROM now() - vetting.inspected_at)::double precision AS age_seconds
