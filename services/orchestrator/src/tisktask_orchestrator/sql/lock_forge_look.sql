-- Lock what was asked about, with its repository. No row: it took too long, or is not wanted any more.
SELECT
    repository.id AS repository_id, repository.forge, repository.full_name, repository.clone_url,
    look.number, look.baseline_url,
    (SELECT seen.default_ref FROM orchestrator.looks AS seen WHERE seen.repository_id = repository.id) AS default_ref
FROM orchestrator.repositories AS repository
JOIN orchestrator.forge_looks AS look ON look.repository_id = repository.id
WHERE repository.id = %(repository_id)s
    AND repository.removed_at IS NULL
    AND repository.reconcile
    AND look.number = %(number)s
FOR NO KEY UPDATE OF repository
FOR UPDATE OF look
