-- List statuses that are to be posted now and that nobody holds, longest waiting first.
SELECT repository_id, sha, context
FROM reporter.statuses
WHERE next_try_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
ORDER BY next_try_at
LIMIT %(count)s
