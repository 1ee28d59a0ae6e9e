-- Note that a delivery named a repository in use and was not signed with its secret.
INSERT INTO orchestrator.hooks AS hook (repository_id, refused_count, refused_at)
SELECT id, 1, %(received_at)s::timestamptz
FROM orchestrator.repositories
WHERE id = %(repository_id)s AND removed_at IS NULL
ON CONFLICT (repository_id) DO UPDATE
SET refused_count = hook.refused_count + 1, refused_at = greatest(hook.refused_at, excluded.refused_at)
