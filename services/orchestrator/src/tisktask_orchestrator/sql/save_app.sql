-- Have a repository's forge spoken to as an App, or (null) no more.
UPDATE orchestrator.repositories
SET app_id = %(app_id)s, app_key = %(app_key)s, changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
