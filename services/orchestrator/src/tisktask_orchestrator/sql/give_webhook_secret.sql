-- Give a repository in use its first webhook secret.
UPDATE orchestrator.repositories
SET webhook_secret = %(secret)s, changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL AND webhook_secret IS NULL
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
