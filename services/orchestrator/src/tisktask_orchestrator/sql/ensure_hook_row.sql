-- Make the row that holds what is known of a repository's webhook.
INSERT INTO orchestrator.hooks (repository_id)
SELECT id FROM orchestrator.repositories WHERE id = %(repository_id)s AND removed_at IS NULL
ON CONFLICT (repository_id) DO NOTHING
