-- Follow a repository to its new name, unless another one in use has it; its clone address goes along if it ends so.
UPDATE orchestrator.repositories AS repository
SET full_name = %(full_name)s,
    clone_url = CASE
        WHEN right(clone_url, length(%(old_name)s) + 5) = '/' || %(old_name)s || '.git'
            THEN left(clone_url, -length(%(old_name)s) - 4) || %(full_name)s || '.git'
        WHEN right(clone_url, length(%(old_name)s) + 1) = '/' || %(old_name)s
            THEN left(clone_url, -length(%(old_name)s)) || %(full_name)s
        ELSE clone_url END,
    changed_at = now()
WHERE id = %(id)s AND full_name = %(old_name)s AND removed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM orchestrator.repositories AS other
        WHERE other.id <> repository.id AND other.forge = repository.forge AND other.removed_at IS NULL
            AND lower(other.full_name) = lower(%(full_name)s)
    )
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
