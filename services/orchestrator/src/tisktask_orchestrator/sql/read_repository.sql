-- Read a repository, also one that was removed.
SELECT id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
FROM orchestrator.repositories
WHERE id = %(id)s
