-- Be the only one that sets up a repository's webhook, for a while; no row: somebody else does.
UPDATE orchestrator.hooks AS hook
SET busy_until = now() + make_interval(secs => %(seconds)s)
FROM orchestrator.repositories AS repository
WHERE hook.repository_id = %(repository_id)s
    AND repository.id = hook.repository_id AND repository.removed_at IS NULL
    AND (hook.busy_until IS NULL OR hook.busy_until < now())
RETURNING hook.repository_id, hook.hook_id, hook.url, hook.secret_number, hook.next_secret IS NOT NULL AS is_rotating,
    hook.told_number, hook.delivery_count, hook.refused_count, repository.webhook_secret IS NOT NULL AS has_secret, hook.busy_until
