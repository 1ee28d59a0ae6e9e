-- List repositories whose webhook is to be made right once more: the forge was away, or does not know the next secret yet.
SELECT hook.repository_id AS id
FROM orchestrator.hooks AS hook
JOIN orchestrator.repositories AS repository ON repository.id = hook.repository_id
WHERE repository.removed_at IS NULL
    AND (
        hook.retry_at < now()
        OR (
            hook.retry_at IS NULL AND hook.next_secret IS NOT NULL
            AND hook.told_number IS DISTINCT FROM hook.secret_number + 1
        )
    )
    AND (hook.busy_until IS NULL OR hook.busy_until < now())
ORDER BY hook.retry_at NULLS FIRST
LIMIT %(count)s
