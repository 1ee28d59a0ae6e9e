-- Begin to exchange a webhook secret; one that is being exchanged stays the next one.
UPDATE orchestrator.hooks
SET next_secret = coalesce(next_secret, %(secret)s), retry_at = NULL
WHERE repository_id = %(repository_id)s
