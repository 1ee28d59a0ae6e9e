-- Have pull requests commented, or no more.
UPDATE orchestrator.repositories
SET has_comment = %(has_comment)s, changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
