-- Compare the pull requests that are seen at a repository's new address with those of its old one.
UPDATE orchestrator.forge_looks AS look
SET baseline_url = repository.clone_url
FROM orchestrator.repositories AS repository
WHERE look.repository_id = %(repository_id)s AND repository.id = look.repository_id AND look.baseline_url IS NOT NULL
