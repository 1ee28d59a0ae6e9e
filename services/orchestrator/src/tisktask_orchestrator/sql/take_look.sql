-- Begin a look that was offered to this host; again: the same one.
UPDATE orchestrator.looks AS look
SET
    taken_at = coalesce(look.taken_at, now()),
    leased_until = now() + make_interval(secs => %(lease_seconds)s)
FROM orchestrator.repositories AS repository
WHERE look.repository_id = %(repository_id)s
    AND look.runner = %(runner)s
    AND look.leased_until > now()
    AND repository.id = look.repository_id
    AND repository.removed_at IS NULL
RETURNING look.number, repository.id, repository.forge, repository.full_name, repository.clone_url, repository.token
