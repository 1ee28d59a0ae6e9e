-- Let others set up a repository's webhook.
UPDATE orchestrator.hooks SET busy_until = NULL WHERE repository_id = %(repository_id)s
