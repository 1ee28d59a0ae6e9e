-- Forget the webhook of a repository that was removed, and its next secret.
DELETE FROM orchestrator.hooks WHERE repository_id = %(repository_id)s
