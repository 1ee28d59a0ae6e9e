-- List repositories in use, in order of id, after one of them.
SELECT id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
FROM orchestrator.repositories
WHERE removed_at IS NULL AND id > %(after)s
ORDER BY id
LIMIT %(count)s
