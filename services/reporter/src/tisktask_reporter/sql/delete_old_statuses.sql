-- Forget some of the statuses that have not changed for long.
DELETE FROM reporter.statuses
WHERE (repository_id, sha, context) IN (
    SELECT repository_id, sha, context
    FROM reporter.statuses
    WHERE wanted_at < now() - %(age_seconds)s * interval '1 second'
    ORDER BY wanted_at
    LIMIT %(count)s
)
RETURNING context
