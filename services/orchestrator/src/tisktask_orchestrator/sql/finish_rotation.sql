-- Let the old webhook secret go (of one repository, or of all): the forge has the next one, and has signed with it, or had so
-- long to.
WITH ended AS (
    UPDATE orchestrator.hooks AS hook
    SET next_secret = NULL, secret_number = hook.secret_number + 1, retry_at = NULL
    FROM orchestrator.hooks AS before
    WHERE before.repository_id = hook.repository_id
        AND (%(repository_id)s::text IS NULL OR hook.repository_id = %(repository_id)s)
        AND hook.next_secret IS NOT NULL
        AND hook.told_number = hook.secret_number + 1
        AND (hook.signed_with = hook.secret_number + 1 OR hook.told_at < now() - make_interval(secs => %(seconds)s))
    RETURNING hook.repository_id, before.next_secret
)
UPDATE orchestrator.repositories AS repository
SET webhook_secret = ended.next_secret, changed_at = now()
FROM ended
WHERE repository.id = ended.repository_id AND repository.removed_at IS NULL
RETURNING repository.id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
