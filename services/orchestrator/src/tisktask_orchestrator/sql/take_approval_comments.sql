-- Begin to heed comments, some of them; after the lease somebody else may.
WITH due AS (
    SELECT trigger_id
    FROM orchestrator.approval_comments
    WHERE next_at <= now()
    ORDER BY next_at
    LIMIT %(count)s
    FOR UPDATE SKIP LOCKED
)
UPDATE orchestrator.approval_comments AS comment
SET number = comment.number + 1, next_at = now() + make_interval(secs => %(lease_seconds)s)
FROM due
WHERE comment.trigger_id = due.trigger_id
RETURNING
    comment.trigger_id, comment.number, comment.repository_id, comment.pull_request, comment.actor, comment.sha,
    comment.command, comment.said_at, extract(epoch FROM now() - comment.taken_at)::double precision AS age_seconds
