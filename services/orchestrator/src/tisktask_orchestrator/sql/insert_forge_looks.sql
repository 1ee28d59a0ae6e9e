-- Have the forges be asked about the repositories that they have not been asked about yet.
INSERT INTO orchestrator.forge_looks (repository_id)
SELECT repository.id
FROM orchestrator.repositories AS repository
WHERE repository.removed_at IS NULL
    AND repository.reconcile
    AND repository.forge <> 'local'
    AND repository.api_url <> ''
    AND (repository.token IS NOT NULL OR repository.app_id IS NOT NULL)
    AND NOT EXISTS (SELECT FROM orchestrator.forge_looks AS look WHERE look.repository_id = repository.id)
ON CONFLICT DO NOTHING
