-- Read what is known of the webhook of a repository in use.
SELECT hook.repository_id, hook.hook_id, hook.url, hook.secret_number, hook.next_secret IS NOT NULL AS is_rotating,
    hook.told_number, hook.delivery_count, hook.refused_count, repository.webhook_secret IS NOT NULL AS has_secret,
    hook.busy_until
FROM orchestrator.hooks AS hook
JOIN orchestrator.repositories AS repository ON repository.id = hook.repository_id
WHERE hook.repository_id = %(repository_id)s AND repository.removed_at IS NULL
