-- Take a repository out of use; the token stays for the runs that are not finished yet.
UPDATE orchestrator.repositories
SET removed_at = now(), webhook_secret = NULL
WHERE id = %(id)s AND removed_at IS NULL
RETURNING id, forge, full_name, clone_url, api_url, token, webhook_secret, removed_at
