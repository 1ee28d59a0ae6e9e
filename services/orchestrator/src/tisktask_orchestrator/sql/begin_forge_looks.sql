-- Begin to ask about the repositories whose time has come, some of them; it is as if it failed until it is done.
WITH due AS (
    SELECT look.repository_id
    FROM orchestrator.forge_looks AS look
    JOIN orchestrator.repositories AS repository ON repository.id = look.repository_id
    WHERE look.next_at <= now()
        AND repository.removed_at IS NULL
        AND repository.reconcile
        AND repository.api_url <> ''
        AND (repository.token IS NOT NULL OR repository.app_id IS NOT NULL)
    ORDER BY look.next_at
    LIMIT %(count)s
    FOR UPDATE OF look SKIP LOCKED
)
UPDATE orchestrator.forge_looks AS look
SET number = look.number + 1, next_at = now() + make_interval(secs => %(lease_seconds)s)
FROM due, orchestrator.repositories AS repository
WHERE look.repository_id = due.repository_id AND repository.id = due.repository_id
RETURNING
    look.repository_id, look.number, repository.forge, repository.full_name, look.deliveries_from,
    repository.forge = 'github' AND look.deliveries_next_at <= now() AS asks_for_deliveries
