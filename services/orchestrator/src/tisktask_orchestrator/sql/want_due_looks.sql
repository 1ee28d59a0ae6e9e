-- Want the looks whose time has come, some of them, and say when they are due the next time unless they go well before.
WITH due AS (
    SELECT look.repository_id
    FROM orchestrator.looks AS look
    JOIN orchestrator.repositories AS repository ON repository.id = look.repository_id
    WHERE look.next_at <= now()
        AND look.wanted_at IS NULL
        AND repository.removed_at IS NULL
        AND repository.reconcile
    ORDER BY look.next_at
    LIMIT %(count)s
    FOR UPDATE OF look SKIP LOCKED
)
UPDATE orchestrator.looks AS look
SET wanted_at = now(), next_at = now() + make_interval(secs => %(interval_seconds)s)
FROM due
WHERE look.repository_id = due.repository_id
RETURNING look.repository_id AS id
