-- Lock a look that is under way, with its repository: runs of it are made one after the other. No row: it was lost.
SELECT
    repository.id AS repository_id, repository.forge, repository.full_name, repository.clone_url, repository.reconcile,
    look.number, look.taken_at, look.seen_up_to, look.seen_from, look.baseline_url
FROM orchestrator.repositories AS repository
JOIN orchestrator.looks AS look ON look.repository_id = repository.id
WHERE repository.id = %(repository_id)s
    AND repository.removed_at IS NULL
    AND look.number = %(number)s
    AND look.runner = %(runner)s
    AND look.taken_at IS NOT NULL
    AND look.leased_until > now()
FOR NO KEY UPDATE OF repository
FOR UPDATE OF look
